// The chat page of the Teams-like channel: opens a chat, polls for what is new, shows names, buttons and edits.

const element = (id) => document.getElementById(id);
const pollMs = 1000;
let chat;
let next = 0;

start();

async function start() {
  element('enter').addEventListener('submit', enter);
  element('write').addEventListener('submit', write);
  element('leave').addEventListener('click', leave);
  const { bots } = await call('GET', 'bots');
  element('bot').replaceChildren(...bots.map((bot) => new Option(bot.name, bot.appId)));
  // The address names the chat, so that reloading the page comes back to it.
  const id = decodeURIComponent(location.hash.slice(1));
  if (id) await call('GET', `conversations/${encodeURIComponent(id)}`).then(show, forget);
}

async function enter(event) {
  event.preventDefault();
  const { name, bot } = Object.fromEntries(new FormData(event.target));
  try {
    show(await call('POST', 'conversations', { bot, from: { name: name.trim() } }));
  } catch (error) {
    alert(error.message);
  }
}

function leave(event) {
  event.preventDefault();
  forget();
  location.reload();
}

function forget() {
  history.replaceState(null, '', location.pathname);
}

function show(conversation) {
  chat = conversation;
  location.hash = encodeURIComponent(chat.id);
  element('enter').hidden = true;
  element('chat').hidden = false;
  element('chat-title').textContent = chat.bot.name;
  element('chat-person').textContent = `You are ${chat.user.name}`;
  element('text').focus();
  poll();
}

async function poll() {
  try {
    const answer = await call('GET', `conversations/${encodeURIComponent(chat.id)}/messages?after=${next}`);
    next = answer.next;
    answer.messages.forEach(place);
    await refreshStates();
    element('trouble').textContent = '';
  } catch (error) {
    element('trouble').textContent = `Not connected: ${error.message}`;
  }
  setTimeout(poll, pollMs);
}

/** A message's delivery changes without the message changing: ask again for those still under way. */
async function refreshStates() {
  const waiting = [...document.querySelectorAll('#messages li[data-delivery="sent"]')];
  if (waiting.length === 0) return;
  const first = Math.min(...waiting.map((item) => Number(item.dataset.seq)));
  const { messages } = await call('GET', `conversations/${encodeURIComponent(chat.id)}/messages?after=${first - 1}`);
  messages.forEach(place);
}

async function write(event) {
  event.preventDefault();
  const text = element('text').value.trim();
  if (text) await send({ text });
  element('text').value = '';
}

async function send(message) {
  try {
    await call('POST', `conversations/${encodeURIComponent(chat.id)}/messages`, message);
    element('trouble').textContent = '';
  } catch (error) {
    element('trouble').textContent = `Not sent: ${error.message}`;
  }
}

function place(message) {
  const id = `message-${message.id}`;
  const fresh = draw(message);
  fresh.id = id;
  const old = element(id);
  if (old) return old.replaceWith(fresh);
  element('messages').append(fresh);
  fresh.scrollIntoView({ block: 'end' });
}

function draw(message) {
  const item = document.createElement('li');
  const mine = message.from.id === chat.user.id;
  item.classList.toggle('mine', mine);
  item.dataset.seq = message.seq;
  item.dataset.delivery = message.delivery ?? '';
  const time = new Date(message.timestamp).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  item.append(
    line('who', `${message.from.name ?? (mine ? 'You' : 'Bot')} · ${time}${message.edited ? ' · edited' : ''}`),
  );
  if (message.deleted) item.append(line('state', 'This message was deleted'));
  if (message.text) item.append(line('text', message.text));
  for (const attachment of message.attachments ?? []) item.append(...drawAttachment(attachment));
  const actions = message.suggestedActions?.actions ?? [];
  if (actions.length > 0) item.append(buttons(actions));
  if (message.delivery === 'failed') item.append(line('state failed', 'The bot did not answer'));
  return item;
}

function drawAttachment({ contentType, content, contentUrl, name }) {
  if (contentUrl) return [link(contentUrl, name ?? contentUrl)];
  if (!content) return [];
  const parts = [content.title, content.subtitle, content.text].filter(Boolean).map((text) => line('text', text));
  if (contentType === 'application/vnd.microsoft.card.adaptive')
    parts.push(...adaptiveTexts(content).map((text) => line('text', text)));
  if (content.buttons?.length) parts.push(buttons(content.buttons));
  if (content.actions?.length) parts.push(buttons(content.actions));
  return parts;
}

function adaptiveTexts(node) {
  if (Array.isArray(node)) return node.flatMap(adaptiveTexts);
  if (!node || typeof node !== 'object') return [];
  return [
    ...(node.type === 'TextBlock' ? [node.text] : []),
    ...adaptiveTexts(node.body),
    ...adaptiveTexts(node.items),
    ...adaptiveTexts(node.columns),
  ];
}

function buttons(actions) {
  const row = document.createElement('div');
  row.className = 'buttons';
  row.append(...actions.map(drawAction));
  return row;
}

function drawAction(action) {
  const title = action.title ?? String(action.value ?? '');
  if (action.type === 'openUrl' || action.type === 'Action.OpenUrl') return link(action.url ?? action.value, title);
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = title;
  button.addEventListener('click', () => send(pressed(action, title)));
  return button;
}

function pressed(action, title) {
  if (action.type === 'Action.Submit') return { text: '', value: action.data ?? {} };
  if (action.type === 'messageBack') return { text: action.text ?? title, value: action.value };
  return { text: typeof action.value === 'string' ? action.value : title };
}

function link(address, text) {
  const anchor = document.createElement('a');
  if (/^https?:/i.test(address)) anchor.href = address;
  anchor.target = '_blank';
  anchor.rel = 'noopener noreferrer';
  anchor.textContent = text;
  return anchor;
}

function line(className, text) {
  const paragraph = document.createElement('p');
  paragraph.className = className;
  paragraph.textContent = text;
  return paragraph;
}

async function call(method, path, body) {
  const response = await fetch(path, {
    method,
    ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error?.message ?? `the sandbox answered ${response.status}`);
  return answer;
}
