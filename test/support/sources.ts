import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path/posix'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** How one file names another, or a package. */
export interface Import {
  /** The path from the root of the project (`src/core/json.ts`), or the name of a package or built-in. */
  readonly to: string
  /** Whether `to` is a file of the project. */
  readonly own: boolean
  /** `type` disappears before anything runs, `lazy` is an `import()`. */
  readonly kind: 'value' | 'type' | 'lazy'
  /** The names taken: `*` for all of them, `default`, or as they are called in the other file. */
  readonly names: readonly string[]
  readonly line: number
}

/** A TypeScript file of the project. */
export interface Source {
  /** From the root of the project: `src/core/json.ts`. */
  readonly path: string
  readonly text: string
  readonly imports: readonly Import[]
  readonly tree: ts.SourceFile
}

/** Reads every TypeScript file below a folder of the project, by path. */
export function readSources(folder: string): readonly Source[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .sort()
    .map((name) => readSource(join(folder, name)))
}

function readSource(path: string): Source {
  const text = readFileSync(join(ROOT, path), 'utf8')
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true)
  const imports: Import[] = []
  walk(tree, (node) => {
    const found = importAt(node)
    if (found === undefined) return
    const own = found.to.startsWith('.')
    imports.push({ ...found, own, to: own ? join(dirname(path), found.to) : found.to, line: lineOf(tree, node) })
  })
  return { path, text, imports, tree }
}

function importAt(node: ts.Node): Pick<Import, 'to' | 'kind' | 'names'> | undefined {
  if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
    const clause = node.importClause
    const bindings = clause?.namedBindings
    const names = [
      ...(clause?.name === undefined ? [] : ['default']),
      ...(bindings === undefined ? [] : ts.isNamespaceImport(bindings) ? ['*'] : namesOf(bindings.elements)),
    ]
    const type = clause?.phaseModifier === ts.SyntaxKind.TypeKeyword || areAllTypes(clause)
    return { to: node.moduleSpecifier.text, kind: type ? 'type' : 'value', names }
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined && ts.isStringLiteral(node.moduleSpecifier)) {
    const clause = node.exportClause
    const named = clause !== undefined && ts.isNamedExports(clause) ? clause.elements : undefined
    const type = node.isTypeOnly || named?.every((element) => element.isTypeOnly) === true
    return { to: node.moduleSpecifier.text, kind: type ? 'type' : 'value', names: named === undefined ? ['*'] : namesOf(named) }
  }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    const [to] = node.arguments
    // An address that is computed could lead anywhere; no rule could hold it.
    return { to: to !== undefined && ts.isStringLiteral(to) ? to.text : '(computed)', kind: 'lazy', names: ['*'] }
  }
  return undefined
}

/** `import { type A }` leaves `import {}` behind under `verbatimModuleSyntax`, but takes nothing. */
function areAllTypes(clause: ts.ImportClause | undefined): boolean {
  const bindings = clause?.namedBindings
  if (clause?.name !== undefined || bindings === undefined || ts.isNamespaceImport(bindings)) return false
  return bindings.elements.length > 0 && bindings.elements.every((element) => element.isTypeOnly)
}

/** The names of the elements that are values, as the other file calls them. */
function namesOf(elements: readonly (ts.ImportSpecifier | ts.ExportSpecifier)[]): string[] {
  return elements.filter((element) => !element.isTypeOnly).map((element) => (element.propertyName ?? element.name).text)
}

/** Visits a node and everything in it. */
export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node)
  ts.forEachChild(node, (child) => walk(child, visit))
}

/** The line of a node, from 1. */
export function lineOf(tree: ts.SourceFile, node: ts.Node): number {
  return tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1
}

/** A use of something that every program finds around it: `process`, `console.log`, `new Date`. */
export interface GlobalUse {
  /** `process`, or with its member: `Date.now`; `new Date` for the current time. */
  readonly name: string
  readonly line: number
}

const WATCHED = new Set(['process', 'console', 'fetch', 'Date', 'Math', 'WebSocket', 'XMLHttpRequest', 'globalThis'])

/** The watched globals that a file touches, types left out. */
export function globalUses({ tree }: Source): GlobalUse[] {
  const uses: GlobalUse[] = []
  walk(tree, (node) => {
    if (!ts.isIdentifier(node) || !WATCHED.has(node.text) || !isGlobal(node)) return
    const { parent } = node
    const current = ts.isNewExpression(parent) && parent.expression === node && (parent.arguments?.length ?? 0) === 0
    const member = ts.isPropertyAccessExpression(parent) && parent.expression === node ? `.${parent.name.text}` : ''
    uses.push({ name: `${current ? 'new ' : ''}${node.text}${member}`, line: lineOf(tree, node) })
  })
  return uses
}

/** Whether an identifier stands for the global: neither a member's name, nor a type, nor a name that the file gives something of its own. */
function isGlobal(node: ts.Identifier): boolean {
  const { parent } = node
  if (ts.isPropertyAccessExpression(parent) && parent.name === node) return false
  if (ts.isTypeNode(parent) || ts.isQualifiedName(parent) || ts.isTypeElement(parent)) return false
  if ((ts.isPropertyAssignment(parent) || ts.isMethodDeclaration(parent) || ts.isPropertyDeclaration(parent)) && parent.name === node)
    return false
  return !((ts.isParameter(parent) || ts.isVariableDeclaration(parent)) && parent.name === node)
}

/** Exported declarations that nothing is said about. */
export function undocumentedExports({ tree }: Source): readonly { readonly name: string; readonly line: number }[] {
  const found: { name: string; line: number }[] = []
  for (const statement of tree.statements) {
    if (!ts.canHaveModifiers(statement)) continue
    if (!ts.getModifiers(statement)?.some((modifier) => modifier.kind === ts.SyntaxKind.ExportKeyword)) continue
    if (ts.getJSDocCommentsAndTags(statement).some(ts.isJSDoc)) continue
    for (const name of declaredNames(statement)) {
      if (!isOverload(tree, statement, name)) found.push({ name, line: lineOf(tree, statement) })
    }
  }
  return found
}

function declaredNames(statement: ts.Statement): string[] {
  if (ts.isVariableStatement(statement)) return statement.declarationList.declarations.map(({ name }) => name.getText())
  const { name } = statement as ts.DeclarationStatement
  return [name?.getText() ?? 'default']
}

/** Of an overloaded function the first declaration speaks for all. */
function isOverload(tree: ts.SourceFile, statement: ts.Statement, name: string): boolean {
  const first = tree.statements.find((other) => ts.isFunctionDeclaration(other) && other.name?.text === name)
  return first !== undefined && first !== statement
}
