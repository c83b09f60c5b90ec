import { version } from '../../package.json'

/** The version of this program, from package.json. */
export const VERSION: string = version
