/** What a browser gets of the website widget: small stand-ins for Chatwoot's script and page, enough to chat with a bot by hand. */

/** `sdk.js`: a bubble that opens the widget in a frame; `window.$chatwoot.toggle` and the event `chatwoot:ready` as in the original. */
export const SDK = `(function () {
  window.chatwootSDK = {
    run: function (options) {
      var holder = document.createElement('div');
      holder.id = 'cw-widget-holder';
      holder.style.cssText = 'position:fixed;right:20px;bottom:90px;width:min(360px,calc(100vw - 40px));height:min(480px,calc(100vh - 120px));display:none;z-index:2147483000;border-radius:16px;overflow:hidden;box-shadow:0 8px 40px rgba(0,0,0,.25)';
      var frame = document.createElement('iframe');
      frame.title = 'Chat (sandbox)';
      frame.style.cssText = 'border:0;width:100%;height:100%;background:#fff';
      holder.appendChild(frame);
      var bubble = document.createElement('button');
      bubble.id = 'cw-bubble';
      bubble.type = 'button';
      bubble.setAttribute('aria-label', 'Open the chat (sandbox)');
      bubble.style.cssText = 'position:fixed;right:20px;bottom:20px;width:56px;height:56px;margin:0;padding:0;border:0;border-radius:50%;background:#1f93ff;color:#fff;font:600 13px system-ui;cursor:pointer;z-index:2147483000;box-shadow:0 4px 16px rgba(0,0,0,.25)';
      bubble.textContent = 'Chat';
      function toggle(state) {
        var open = state === undefined ? holder.style.display === 'none' : state === 'open';
        if (open && !frame.src) frame.src = options.baseUrl + '/widget?website_token=' + encodeURIComponent(options.websiteToken);
        holder.style.display = open ? 'block' : 'none';
      }
      bubble.addEventListener('click', function () { toggle(); });
      window.$chatwoot = { baseUrl: options.baseUrl, websiteToken: options.websiteToken, toggle: toggle };
      document.body.appendChild(holder);
      document.body.appendChild(bubble);
      window.dispatchEvent(new Event('chatwoot:ready'));
    },
  };
})();
`

/** The page inside the frame: what was said, and a field to say something. Texts reach it as text, never as HTML. */
export function widgetPage(authToken: string, websiteToken: string, name: string): string {
  const value = (text: string): string => JSON.stringify(text).replace(/</g, '\\u003c')
  return `<style>
  body { margin: 0; height: 100vh; display: grid; grid-template-rows: auto 1fr auto; font: 15px/1.5 system-ui, sans-serif; color: #1a1f26; }
  h1 { margin: 0; padding: 12px 16px; font-size: 16px; background: #1f93ff; color: #fff; overflow-wrap: anywhere; }
  ol { list-style: none; margin: 0; padding: 12px 16px; overflow-y: auto; display: flex; flex-direction: column; gap: 8px; }
  li { max-width: 80%; padding: 8px 12px; border-radius: 12px; background: #eef1f4; align-self: flex-start; overflow-wrap: anywhere; white-space: pre-wrap; }
  li.own { background: #1f93ff; color: #fff; align-self: flex-end; }
  form { display: flex; border-top: 1px solid #e3e7ec; }
  input { flex: 1; border: 0; padding: 12px 16px; font: inherit; }
</style>
<h1 id="name"></h1>
<ol id="messages" aria-live="polite"></ol>
<form id="form"><input id="text" aria-label="Message" placeholder="Write to the sandbox" autocomplete="off"></form>
<script>
  window.authToken = ${value(authToken)};
  document.getElementById('name').textContent = ${value(name)};
  function call(method, body) {
    return fetch('/api/v1/widget/messages?website_token=' + encodeURIComponent(${value(websiteToken)}), {
      method: method,
      headers: { 'content-type': 'application/json', 'x-auth-token': window.authToken },
      body: body === undefined ? undefined : JSON.stringify(body),
    }).then(function (answer) { return answer.json(); });
  }
  function show() {
    return call('GET').then(function (answer) {
      var list = document.getElementById('messages');
      list.replaceChildren.apply(list, answer.payload.map(function (message) {
        var item = document.createElement('li');
        item.className = message.message_type === 0 ? 'own' : '';
        item.textContent = message.content;
        return item;
      }));
      list.scrollTop = list.scrollHeight;
    });
  }
  document.getElementById('form').addEventListener('submit', function (event) {
    event.preventDefault();
    var field = document.getElementById('text');
    var content = field.value;
    field.value = '';
    if (content.trim() !== '') call('POST', { message: { content: content, timestamp: new Date().toString(), referer_url: '' } }).then(show);
  });
  setInterval(show, 1000);
  show();
</script>`
}
