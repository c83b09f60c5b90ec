import type { View } from '../../src/terminal/view.ts'
import { auditHeadView, auditPrunedView, auditVerifyView, auditView } from '../../src/terminal/views/audit.ts'
import { authorizeView } from '../../src/terminal/views/authorize.ts'
import { addedManyView, addedView, editedView, removedView, signedInView, toggledView } from '../../src/terminal/views/changed.ts'
import {
  botsView,
  botView,
  deletedView,
  inboxesView,
  inboxView,
  newBotView,
  newWebhookView,
  webhooksView,
  webhookView,
} from '../../src/terminal/views/chatwoot.ts'
import { demoApplyView } from '../../src/terminal/views/demo-apply.ts'
import { demoCreateView } from '../../src/terminal/views/demo-create.ts'
import { demoExportView } from '../../src/terminal/views/demo-export.ts'
import { demoExtendView } from '../../src/terminal/views/demo-extend.ts'
import { demoListView } from '../../src/terminal/views/demo-list.ts'
import { demoOpenView } from '../../src/terminal/views/demo-open.ts'
import { demoRemoveView } from '../../src/terminal/views/demo-remove.ts'
import { demoShowView } from '../../src/terminal/views/demo-show.ts'
import { demoVerifyView } from '../../src/terminal/views/demo-verify.ts'
import { doctorView, reportView } from '../../src/terminal/views/doctor.ts'
import { envView } from '../../src/terminal/views/env.ts'
import { exportView, importView } from '../../src/terminal/views/hand-over.ts'
import { helpView } from '../../src/terminal/views/help.ts'
import { initView } from '../../src/terminal/views/init.ts'
import { keyAddedView, keyListView, keyRotatedView, keyView, passphraseChangedView } from '../../src/terminal/views/key.ts'
import { listView } from '../../src/terminal/views/list.ts'
import { profileListView, profileView } from '../../src/terminal/views/profile.ts'
import { providersView, providerView } from '../../src/terminal/views/providers.ts'
import { sandboxView } from '../../src/terminal/views/sandbox.ts'
import { lockedView, unlockedView } from '../../src/terminal/views/session.ts'
import { showView } from '../../src/terminal/views/show.ts'
import { statsView } from '../../src/terminal/views/stats.ts'
import { attemptView, testView } from '../../src/terminal/views/test.ts'
import { tourView } from '../../src/terminal/views/tour.ts'
import { vaultAcceptedView, vaultBackupView, vaultPathView, vaultRestoredView, vaultVerifyView } from '../../src/terminal/views/vault.ts'
import { webhookListenView, webhookVerifyView } from '../../src/terminal/views/webhook.ts'
import { whichView } from '../../src/terminal/views/which.ts'
import { connected, demoFailed, demoPlanned, demosPlanned, failed, HOSTILE, SAMPLES } from './samples.ts'

/** A view with the data it shows; what ties them is lost, so that all can stand in one list. */
export interface Shown {
  readonly name: string
  readonly view: View<never>
  readonly data: unknown
}

function shown<T>(name: string, view: View<T>, data: T): Shown {
  return { name, view, data }
}

/** Every view with a sample of what it shows. */
export const ALL_VIEWS: readonly Shown[] = [
  shown('init', initView, SAMPLES.init),
  shown('add', addedView, SAMPLES.add),
  shown('add --from', addedManyView, SAMPLES['add --from']),
  shown('edit', editedView, SAMPLES.edit),
  shown('env', envView, SAMPLES.env),
  shown('export', exportView, SAMPLES.export),
  shown('export, to standard output', exportView, { ...SAMPLES.export, path: null, text: HOSTILE }),
  shown('export --plaintext', exportView, { ...SAMPLES.export, format: 'json', recipients: [] }),
  shown('import', importView, SAMPLES.import),
  shown('import --dry-run', importView, { ...SAMPLES.import, dryRun: true }),
  shown('authorize', authorizeView, SAMPLES.authorize),
  shown('login', signedInView, SAMPLES.login),
  shown('toggle', toggledView, SAMPLES.toggle),
  shown('show', showView, SAMPLES.add),
  shown('show --reveal', showView, SAMPLES.show),
  shown('remove', removedView, SAMPLES.remove),
  shown('list', listView, SAMPLES.list),
  shown('list of nothing', listView, { ...SAMPLES.list, integrations: [] }),
  shown('test of one', testView, { ...SAMPLES.test, results: [connected] }),
  shown('test of several', testView, SAMPLES.test),
  shown('test before saving', attemptView, failed),
  shown('stats', statsView, SAMPLES.stats),
  shown('providers', providersView, SAMPLES.providers),
  shown('providers <id>', providerView, SAMPLES['providers <id>']),
  shown('profile list', profileListView, SAMPLES['profile list']),
  shown('profile use', profileView, SAMPLES['profile use']),
  shown('vault backup', vaultBackupView, SAMPLES['vault backup']),
  shown('vault restore', vaultRestoredView, SAMPLES['vault restore']),
  shown('unlock', unlockedView, SAMPLES.unlock),
  shown('lock', lockedView, SAMPLES.lock),
  shown('doctor', doctorView, SAMPLES.doctor),
  shown('doctor --report', reportView, SAMPLES.doctor),
  shown('which', whichView, SAMPLES.which),
  shown('key generate', keyView, SAMPLES['key generate']),
  shown('key list', keyListView, SAMPLES['key list']),
  shown('key add', keyAddedView, SAMPLES['key add']),
  shown('key rotate', keyRotatedView, SAMPLES['key rotate']),
  shown('passwd', passphraseChangedView, SAMPLES['key add']),
  shown('audit', auditView, SAMPLES.audit),
  shown('audit verify', auditVerifyView, SAMPLES['audit verify']),
  shown('audit head', auditHeadView, SAMPLES['audit head']),
  shown('audit prune', auditPrunedView, SAMPLES['audit prune']),
  shown('vault verify', vaultVerifyView, SAMPLES['vault verify']),
  shown('vault verify of one profile', vaultVerifyView, { ...SAMPLES['vault verify'], unverified: [] }),
  shown('vault path', vaultPathView, SAMPLES['vault path']),
  shown('vault accept-older', vaultAcceptedView, SAMPLES['vault accept-older']),
  shown('vault accept-older of nothing', vaultAcceptedView, { ...SAMPLES['vault accept-older'], changed: false }),
  shown('demo-create', demoCreateView, SAMPLES['demo-create']),
  shown('demo-create --dry-run', demoCreateView, demoPlanned),
  shown('demo-create that failed', demoCreateView, demoFailed),
  shown('demo-list', demoListView, SAMPLES['demo-list']),
  shown('demo-show', demoShowView, SAMPLES['demo-show']),
  shown('demo-verify', demoVerifyView, SAMPLES['demo-verify']),
  shown('chatwoot inboxes list', inboxesView, SAMPLES['chatwoot inboxes list']),
  shown('chatwoot inboxes create', inboxView('created'), SAMPLES['chatwoot inboxes create']),
  shown('chatwoot inboxes update', inboxView('changed'), SAMPLES['chatwoot inboxes update']),
  shown('chatwoot inboxes delete', deletedView, SAMPLES['chatwoot inboxes delete']),
  shown('chatwoot bots list', botsView, SAMPLES['chatwoot bots list']),
  shown('chatwoot bots create', newBotView, SAMPLES['chatwoot bots create']),
  shown('chatwoot bots update', botView, SAMPLES['chatwoot bots update']),
  shown('chatwoot webhooks list', webhooksView, SAMPLES['chatwoot webhooks list']),
  shown('chatwoot webhooks create', newWebhookView, SAMPLES['chatwoot webhooks create']),
  shown('chatwoot webhooks update', webhookView, SAMPLES['chatwoot webhooks update']),
  shown('webhook verify', webhookVerifyView, SAMPLES['webhook verify']),
  shown('webhook listen', webhookListenView, SAMPLES['webhook listen']),
  shown('demo-apply', demoApplyView, SAMPLES['demo-apply']),
  shown('demo-apply --dry-run', demoApplyView, demosPlanned),
  shown('demo-destroy', demoRemoveView, SAMPLES['demo-destroy']),
  shown('demo-sweep', demoRemoveView, SAMPLES['demo-sweep']),
  shown('demo-extend', demoExtendView, SAMPLES['demo-extend']),
  shown('demo-open', demoOpenView, SAMPLES['demo-open']),
  shown('demo-export', demoExportView, SAMPLES['demo-export']),
  shown('demo-remove', demoRemoveView, SAMPLES['demo-remove']),
  shown('sandbox', sandboxView, SAMPLES.sandbox),
  shown('tour', tourView, SAMPLES.tour),
  shown('help', helpView, SAMPLES.help),
]
