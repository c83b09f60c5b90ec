import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { PathVariables } from '../../src/files/base-directories.ts'
import { resolvePaths } from '../../src/files/paths.ts'
import { homeOf } from '../../src/process-home.ts'

const at = (env: PathVariables, vault?: string, platform = 'linux') => resolvePaths(env, '/home/ann', platform, vault)

describe('where everything is', () => {
  it('follows the XDG defaults where nothing is set', () => {
    expect(at({})).toEqual({
      configDirectory: '/home/ann/.config/crm',
      dataDirectory: '/home/ann/.local/share/crm',
      stateDirectory: '/home/ann/.local/state/crm',
      cacheDirectory: '/home/ann/.cache/crm',
      vault: '/home/ann/.local/share/crm/vault.db',
      vaultFrom: 'default',
      configFile: '/home/ann/.config/crm/config.json',
      keyFile: '/home/ann/.config/crm/key',
      keyFileFrom: 'default',
      identityFile: '/home/ann/.config/crm/identity',
      identityFileFrom: 'default',
    })
  })

  it.each(['linux', 'darwin', 'win32'])('follows the XDG variables on %s', (platform) => {
    const env = {
      XDG_CONFIG_HOME: '/c',
      XDG_DATA_HOME: '/d',
      XDG_STATE_HOME: '/s',
      XDG_CACHE_HOME: '/t',
      APPDATA: '/roaming',
      LOCALAPPDATA: '/local',
    }
    expect(at(env, undefined, platform)).toMatchObject({
      configFile: '/c/crm/config.json',
      vault: '/d/crm/vault.db',
      vaultFrom: 'XDG_DATA_HOME',
      stateDirectory: '/s/crm',
      cacheDirectory: '/t/crm',
    })
  })

  it('is a file with an absolute path, whatever the vault is called', () => {
    expect(at({}, ':memory:').vault).toBe(join(process.cwd(), ':memory:'))
    expect(at({ CRM_VAULT: 'mine.db' }).vault).toBe(join(process.cwd(), 'mine.db'))
    expect(at({ CRM_VAULT: '' }).vaultFrom).toBe('default')
    expect(() => at({}, '')).toThrow(expect.objectContaining({ code: 'usage', message: 'the path of the vault is empty' }))
    for (const call of [() => at({}, 'vaults/'), () => at({ CRM_VAULT: 'vaults/' })])
      expect(call).toThrow(expect.objectContaining({ code: 'usage', hint: 'name one in it: crm --vault vaults/vault.db ...' }))
  })

  it('is asked for where there is no home directory, and never the root directory', () => {
    expect(() => resolvePaths({}, undefined, 'linux')).toThrow(
      expect.objectContaining({ code: 'usage', hint: 'say where: export CRM_HOME=<directory>' }),
    )
    expect(() => resolvePaths({}, undefined, 'linux', '/v.db')).toThrow(/no home directory/)
    expect(resolvePaths({ CRM_HOME: '/h' }, undefined, 'linux').vault).toBe('/h/vault.db')
    for (const HOME of [undefined, '', '/', 'relative']) {
      const home = homeOf({ ...process, env: { HOME } } as unknown as NodeJS.Process)
      expect(home === undefined || /^\/./.test(home), String(home)).toBe(true)
    }
  })

  it('ignores relative XDG variables, as their specification says', () => {
    const env = { XDG_CONFIG_HOME: 'c', XDG_DATA_HOME: './d', XDG_STATE_HOME: '' }
    expect(at(env)).toEqual(at({}))
  })

  it('is below %APPDATA% and %LOCALAPPDATA% on Windows', () => {
    expect(at({ APPDATA: '/roaming', LOCALAPPDATA: '/local' }, undefined, 'win32')).toMatchObject({
      configDirectory: '/roaming/crm',
      dataDirectory: '/local/crm',
      stateDirectory: '/local/crm',
    })
  })

  it('is all in CRM_HOME, whatever XDG says', () => {
    const env = { CRM_HOME: '/own', XDG_CONFIG_HOME: '/c', XDG_DATA_HOME: '/d', XDG_STATE_HOME: '/s', XDG_CACHE_HOME: '/t' }
    expect(at(env)).toMatchObject({
      configFile: '/own/config.json',
      vault: '/own/vault.db',
      vaultFrom: 'CRM_HOME',
      stateDirectory: '/own',
      cacheDirectory: '/own/cache',
      keyFile: '/own/key',
    })
  })

  it.each<[string, string | undefined, PathVariables, string, string]>([
    ['the flag', '/f.db', { CRM_VAULT: '/v.db', CRM_HOME: '/own' }, '/f.db', '--vault'],
    ['CRM_VAULT', undefined, { CRM_VAULT: '/v.db', CRM_HOME: '/own' }, '/v.db', 'CRM_VAULT'],
    ['CRM_HOME', undefined, { CRM_VAULT: '', CRM_HOME: '/own' }, '/own/vault.db', 'CRM_HOME'],
    ['the default', undefined, { CRM_VAULT: '', CRM_HOME: '' }, '/home/ann/.local/share/crm/vault.db', 'default'],
  ])('the vault is where %s says, and that is told', (_claim, flag, env, vault, vaultFrom) => {
    expect(at(env, flag)).toMatchObject({ vault, vaultFrom })
  })

  it('the key file is where CRM_KEY_FILE says', () => {
    expect(at({ CRM_KEY_FILE: '/run/secrets/key', CRM_HOME: '/own' })).toMatchObject({
      keyFile: '/run/secrets/key',
      keyFileFrom: 'CRM_KEY_FILE',
    })
    expect(at({ CRM_KEY_FILE: '' })).toMatchObject({ keyFileFrom: 'default' })
  })
})
