import { CrmError } from './errors.ts'

/** Another run holds the demo now: what is on the server is its own, and the run that lost it leaves everything as it is. */
export class TakenOverError extends CrmError {
  constructor(slug: string) {
    super('conflict', `another run has taken over the demo ${slug}`, {
      reason: 'this run showed no sign of life for 60 s',
      hint: `see what is there with: crm demo-show ${slug}`,
    })
  }
}
