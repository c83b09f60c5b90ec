// undici is loaded file by file: its index costs four times the start-up of the parts that are used (HTTP/1.1 over a pool).
declare module 'undici/lib/dispatcher/agent.js' {
  export { default } from 'undici/types/agent'
}
