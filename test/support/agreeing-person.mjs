/** Stands in for a browser and the person before it: opens the address at the simulator, agrees, and comes back to the command. */
import { get } from 'node:http'
import { request } from 'node:https'

const [, , address = '', port = ''] = process.argv
const url = new URL(address)
request({ host: '127.0.0.1', port, path: url.pathname + url.search, rejectUnauthorized: false }, (response) => {
  response.resume()
  get(response.headers.location ?? '', (page) => page.resume())
}).end()
