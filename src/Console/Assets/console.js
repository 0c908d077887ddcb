// The console's front end: four views drawn from the JSON API beside it. Everything that comes from the cluster is put into the
// document as text, never as markup. The address's fragment holds the whole state, so that a view can be linked to.

const pollMs = 5000;
const main = document.getElementById('main');
const dialog = document.getElementById('replay');
let allowChanges = false;
let timer = 0;
let drawing = 0; // the newest draw wins; answers of older ones are dropped

// --- talking to the API ---

async function ask(path, body) {
  const request = body === undefined
    ? {}
    : {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Millrace-Console': '1' },
      body: JSON.stringify(body),
    };
  let response;
  try {
    response = await fetch(path, request);
  } catch {
    throw new Error('The console does not answer. Is its process running? It is asked again every few seconds.');
  }
  const answer = await response.json().catch(() => ({ error: `The console answered ${response.status}. Look at its log.` }));
  if (!response.ok) {
    throw new Error(answer.error ?? `The console answered ${response.status}. Look at its log.`);
  }
  return answer;
}

function showError(error) {
  const line = document.getElementById('error');
  line.hidden = !error;
  line.textContent = error ? error.message : '';
}

// --- making elements ---

/** An element: attributes by name, `on…` as listeners; children are elements or text. */
function el(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (key.startsWith('on')) {
      element.addEventListener(key.slice(2), value);
    } else if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(key, value === true ? '' : value);
    }
  }
  element.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== ''));
  return element;
}

/** A table; columns are [title, cell of row, kind]. The first cell of a row is its header. */
function table(caption, columns, rows, empty) {
  if (rows.length === 0) {
    return el('div', { class: 'scroll' }, el('p', { class: 'empty' }, empty));
  }
  const kind = (c) => (c[2] ? { class: c[2] } : {});
  return el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': caption },
    el('table', {},
      el('thead', {}, el('tr', {}, columns.map((c) => el('th', { scope: 'col', ...kind(c) }, c[0])))),
      el('tbody', {}, rows.map((row) => el('tr', {}, columns.map((c, i) => {
        // One box in each cell, so that a narrow page can put its label beside all of it.
        const parts = [c[1](row)].flat(Infinity).filter((part) => part !== '' && part !== null && part !== undefined);
        const content = parts.length ? el('span', {}, parts) : [];
        return i === 0
          ? el('th', { scope: 'row' }, content)
          : el('td', { 'data-label': c[0], ...kind(c) }, content);
      }))))));
}

const tag = (text, kind) => el('span', { class: `tag ${kind}` }, text);
const number = (n) => (n === null || n === undefined ? '–' : n.toLocaleString('en'));
const link = (to, text) => el('a', { href: to }, text);

function seconds(s) {
  if (s === null || s === undefined) return '–';
  if (s < 1) return s === 0 ? '0 s' : '< 1 s';
  if (s < 120) return `${Math.round(s)} s`;
  if (s < 7200) return `${Math.round(s / 60)} min`;
  return s < 172800 ? `${Math.round(s / 3600)} h` : `${Math.round(s / 86400)} days`;
}

const time = (iso) => (iso ? el('time', { datetime: iso, title: iso }, iso.slice(0, 19).replace('T', ' ')) : '–');
const shortType = (type) => (type ? type.slice(type.lastIndexOf('.') + 1) : '(unknown)');
const path = (...parts) => `#/${parts.map(encodeURIComponent).join('/')}`;

// --- views: each gets the parts of the address and returns what to show ---

const subjects = {
  Group: ['Group', (name) => path('groups', name), 'Look at the group'],
  Topic: ['Topic', () => path('topics'), 'Look at the topics'],
  DeadLetters: ['Dead letters', (name) => path('dead-letters', name), 'Look at the letters'],
};

function verdict(problems) {
  if (problems.length === 0) {
    return el('p', { class: 'verdict good' }, 'Nothing is wrong.');
  }
  const critical = problems.filter((p) => p.severity === 'Critical').length;
  const text = `${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}${critical ? `, ${critical} critical` : ''}`;
  return el('p', { class: `verdict ${critical ? 'critical' : 'warning'}` }, text);
}

async function overview() {
  const o = await ask('api/overview');
  return ['Overview', [
    verdict(o.problems),
    el('ul', { class: 'problems' }, o.problems.map((p) => {
      const [noun, to, action] = subjects[p.subject];
      const age = p.since ? ` For ${seconds((Date.parse(o.at) - Date.parse(p.since)) / 1000)}.` : '';
      return el('li', { class: p.severity.toLowerCase() },
        el('p', {}, el('strong', {}, `${noun} ${p.name}: `), p.text, age),
        el('p', { class: 'dim' }, p.remedy),
        el('p', { class: 'act' }, el('a', { class: 'button', href: to(p.name) }, action)));
    })),
    el('dl', { class: 'numbers' },
      [['Brokers', o.brokers.length], ['Topics', o.topics], ['Groups', o.groups], ['Records waiting', o.lag],
        ['Dead letters open', o.openDeadLetters]].map(([name, n]) => el('div', {}, el('dt', {}, name), el('dd', {}, number(n))))),
    o.replays.length ? replays(o.replays) : null,
    el('h2', {}, 'Brokers'),
    table('Brokers', [
      ['Node', (b) => number(b.nodeId)],
      ['Address', (b) => `${b.host}:${b.port}`],
      ['Rack', (b) => b.rack ?? ''],
    ], o.brokers, 'No broker is known.'),
    el('p', { class: 'hint' }, `Cluster ${o.clusterId ?? '(no id)'}`),
  ]];
}

async function topics() {
  const all = await ask('api/topics');
  const flags = (t) => [
    t.isDeadLetters ? link(path('dead-letters', t.name), 'dead letters') : null,
    t.isInternal ? tag('internal', 'dim') : null,
    t.leaderless.length ? tag(`no leader: ${t.leaderless.join(', ')}`, 'bad') : null,
    t.underReplicated.length ? tag(`not in sync: ${t.underReplicated.join(', ')}`, 'warn') : null,
    t.error ? tag(t.error, 'bad') : null,
  ].flatMap((f) => (f ? [f, ' '] : []));
  const rows = [...all.filter((t) => !t.isInternal), ...all.filter((t) => t.isInternal)];
  return ['Topics', [table('Topics', [
    ['Topic', (t) => t.name],
    ['Partitions', (t) => number(t.partitions), 'number'],
    ['Replicas', (t) => number(t.replicas), 'number'],
    ['Records', (t) => number(t.records), 'number'],
    ['', flags],
  ], rows, 'There are no topics yet. millrace topics create NAME makes one.')]];
}

function groupState(g) {
  if (g.error) return tag(g.error, 'bad');
  if (g.isReplay) return tag('replay', 'dim');
  if (g.lost) return tag(`${number(g.lost)} lost`, 'bad');
  return tag(g.state || 'unknown', g.lag > 0 && g.members === 0 && g.type !== 'consumer' ? 'bad' : g.state === 'Stable' ? 'good' : 'dim');
}

async function groups([id]) {
  if (id !== undefined) return group(id);
  const all = await ask('api/groups');
  return ['Groups', [table('Consumer groups', [
    ['Group', (g) => link(path('groups', g.id), g.id)],
    ['State', groupState],
    ['Members', (g) => number(g.members), 'number'],
    ['Lag', (g) => number(g.lag), 'number'],
    ['Waiting', (g) => seconds(g.lagSeconds), 'number'],
    ['Topics', (g) => g.topics.join(', ')],
  ], [...all.filter((g) => !g.isReplay), ...all.filter((g) => g.isReplay)], 'No consumer group has committed anything yet.')]];
}

const commitStates = {
  None: ['nothing committed', 'dim'],
  BelowStart: ['below the start', 'bad'],
  AboveEnd: ['behind the end', 'warn'],
  Failed: ['not known', 'bad'],
};

async function group(id) {
  const d = await ask(`api/group?id=${encodeURIComponent(id)}`);
  return [`Group ${id}`, [
    el('p', {}, groupState(d.group), ` ${number(d.group.lag)} records waiting, the oldest for ${seconds(d.group.lagSeconds)}.`,
      d.group.unknown ? ` ${number(d.group.unknown)} partitions without a known lag.` : ''),
    table('Partitions', [
      ['Partition', (p) => `${p.topic} ${p.partition}`],
      ['Start', (p) => number(p.start), 'number'],
      ['Committed', (p) => number(p.committed), 'number'],
      ['End', (p) => number(p.end), 'number'],
      ['Lag', (p) => number(p.lag), 'number'],
      ['Waiting', (p) => seconds(p.lagSeconds), 'number'],
      ['Lost', (p) => (p.lost ? number(p.lost) : ''), 'number'],
      ['Member', (p) => p.member ?? ''],
      ['', (p) => (commitStates[p.state] ? [tag(...commitStates[p.state]), p.error ? ` ${p.error}` : ''] : '')],
    ], d.partitions, 'The group has committed nothing and has no partitions.'),
    el('h2', {}, 'Members'),
    table('Members', [
      ['Client', (m) => m.clientId],
      ['Host', (m) => m.host],
      ['Static id', (m) => m.instanceId ?? ''],
      ['Partitions', (m) => m.partitions.join(', ')],
      ['Member id', (m) => m.id],
    ], d.members, 'The group has no members.'),
  ]];
}

async function deadLetters([topic, exception, ...place]) {
  if (topic === undefined) return deadLetterTopics();
  return place.length === 2 ? letter(topic, exception, place) : letters(topic, exception ?? '', place[0] ?? '');
}

async function deadLetterTopics() {
  const all = await ask('api/dead-letters');
  return ['Dead letters', [table('Dead-letter topics', [
    ['Topic', (d) => link(path('dead-letters', d.topic), d.topic)],
    ['Letters', (d) => number(d.count) + (d.isComplete ? '' : '+'), 'number'],
    ['Not replayed', (d) => number(d.open), 'number'],
    ['Most often', (d) => (d.groups.length ? shortType(d.groups[0].exceptionType) : '')],
    ['Newest', (d) => time(d.groups.map((g) => g.last).sort().at(-1)), 'time'],
  ], all, 'There are no dead-letter topics: their names end in .DLT or -dlt.')]];
}

async function letters(topic, exception, from) {
  const query = new URLSearchParams({ exception, from });
  const [topicsOfLetters, page] = await Promise.all([
    ask('api/dead-letters'), ask(`api/dead-letters/${encodeURIComponent(topic)}?${query}`)]);
  const known = topicsOfLetters.find((d) => d.topic === topic);
  const total = known?.groups.reduce((sum, g) => sum + g.count, 0) ?? 0;
  return [topic, [
    el('div', { class: 'bar' },
      el('button', {
        type: 'button', class: 'primary', disabled: !allowChanges || !known?.open,
        onclick: () => openReplay(topic, known),
      }, 'Replay…'),
      el('span', { class: 'dim' }, allowChanges
        ? `${number(known?.open ?? 0)} of ${number(total)} not replayed`
        : 'This console is read-only; start it with --allow-changes to replay from here.')),
    el('h2', {}, 'By exception'),
    table('Dead letters by exception', [
      ['Exception', (g) => (g.exceptionType === '(others)' ? g.exceptionType : link(path('dead-letters', topic, g.exceptionType), g.exceptionType))],
      ['Letters', (g) => number(g.count), 'number'],
      ['First', (g) => time(g.first), 'time'],
      ['Last', (g) => time(g.last), 'time'],
      ['Newest message', (g) => g.example],
    ], known?.groups ?? [], 'Nothing lies here.'),
    el('div', { class: 'payload-head' },
      el('h2', {}, exception ? `Letters of ${exception}` : 'Letters'),
      exception ? el('a', { class: 'button', href: path('dead-letters', topic) }, 'Show all') : null),
    table('Dead letters', [
      ['Where', (l) => link(path('dead-letters', topic, exception, l.partition, l.offset), `${l.partition}:${l.offset}`)],
      ['Written', (l) => time(l.timestamp), 'time'],
      ['Key', (l) => l.key ?? tag('null', 'dim'), 'short'],
      ['From', (l) => (l.originalTopic ? `${l.originalTopic} ${l.originalPartition ?? '?'}:${l.originalOffset ?? '?'}` : ''), 'short'],
      ['Attempts', (l) => number(l.attempts), 'number'],
      ['Exception', (l) => [el('span', { title: l.exceptionType ?? '' }, shortType(l.exceptionType)), l.exceptionMessage ? `: ${l.exceptionMessage}` : '']],
      ['Replays', (l) => (l.replays ? number(l.replays) : ''), 'number'],
    ], page.letters, page.next ? 'Nothing of the kind in this part of the topic.' : 'Nothing more lies here.'),
    el('div', { class: 'bar' },
      from ? el('a', { class: 'button', href: path('dead-letters', topic, exception) }, 'First page') : null,
      page.next ? el('a', { class: 'button', href: path('dead-letters', topic, exception, page.next) }, 'Next page') : null),
  ]];
}

/** A payload with its forms to choose from. */
function payload(title, p) {
  const forms = p.format === 'null' ? [] : p.format === 'hex' ? [['Hex', p.hex]] : [[p.format === 'json' ? 'JSON' : 'Text', p.text], ['Hex', p.hex]];
  const shown = el('pre', { tabindex: '0', 'aria-label': title });
  const buttons = forms.map(([name, text]) => el('button', { type: 'button', onclick: () => choose(name, text) }, name));
  function choose(name, text) {
    shown.textContent = text;
    shown.className = name === 'Hex' ? 'hex' : '';
    for (const button of buttons) {
      button.setAttribute('aria-pressed', button.textContent === name);
      button.className = button.textContent === name ? 'chosen' : '';
    }
  }
  if (forms.length) choose(...forms[0]); else shown.textContent = '(null)';
  const size = p.format === 'null' ? '' : `${number(p.size)} bytes${p.isCut ? ', the beginning shown' : ''}`;
  return [
    el('div', { class: 'payload-head bar' }, el('h2', {}, title), forms.length > 1 ? buttons : null, el('span', { class: 'dim' }, size)),
    shown];
}

async function letter(topic, exception, [partition, offset]) {
  const d = await ask(`api/dead-letters/${encodeURIComponent(topic)}/${encodeURIComponent(partition)}/${encodeURIComponent(offset)}`);
  const l = d.letter;
  const facts = [
    ['Written', time(l.timestamp)],
    ['From', l.originalTopic ? `${l.originalTopic} partition ${l.originalPartition ?? '?'} offset ${l.originalOffset ?? '?'}` : null],
    ['Group', l.group && link(path('groups', l.group), l.group)],
    ['Handler', d.handler], ['Exception', l.exceptionType], ['Message', l.exceptionMessage], ['Given up because', l.reason],
    ['Attempts', l.attempts === null ? null : number(l.attempts)], ['Failed', d.failedAt && time(d.failedAt)],
    ['Replays before', number(l.replays)],
  ].filter(([, value]) => value !== null && value !== undefined && value !== '');
  return [`${topic} ${partition}:${offset}`, [
    el('p', {}, el('a', { href: path('dead-letters', topic, ...(exception ? [exception] : [])) }, '← Back to the letters')),
    el('dl', { class: 'facts' }, facts.map(([name, value]) => [el('dt', {}, name), el('dd', {}, value)])),
    payload('Key', d.key),
    payload('Value', d.value),
    d.stackTrace ? [el('h2', {}, 'Stack trace'), el('pre', { tabindex: '0', 'aria-label': 'Stack trace' }, d.stackTrace)] : null,
    el('h2', {}, 'Headers'),
    table('Headers', [
      ['Name', (h) => h.name],
      ['Value', (h) => (h.value.format === 'null' ? tag('null', 'dim') : h.value.text.length > 400 ? `${h.value.text.slice(0, 400)}…` : h.value.text)],
    ], d.headers, 'The record has no headers.'),
  ].flat(), { isStill: true }];
}

// --- replays ---

const replayStates = { Running: 'warn', Done: 'good', Stopped: 'dim', Failed: 'bad' };

function replays(all) {
  return el('section', {}, el('h2', {}, 'Replays'), table('Replays', [
    ['Replay', (r) => `${r.id}: ${r.from} → ${r.to}`],
    ['State', (r) => [tag(r.state, replayStates[r.state]), r.error ? ` ${r.error}` : '']],
    ['Sent', (r) => number(r.sent), 'number'],
    ['Sent before', (r) => (r.alreadySent ? number(r.alreadySent) : ''), 'number'],
    ['Passed over', (r) => (r.passedOver ? number(r.passedOver) : ''), 'number'],
    ['Remaining', (r) => number(r.remaining), 'number'],
    ['Started', (r) => time(r.started), 'time'],
    ['', (r) => (r.state === 'Running' && allowChanges
      ? el('button', { type: 'button', 'aria-label': `Stop replay ${r.id}`, onclick: () => stopReplay(r.id) }, 'Stop')
      : '')],
  ], all, ''));
}

async function stopReplay(id) {
  try {
    await ask(`api/replays/${id}/stop`, {});
    await draw();
  } catch (error) {
    showError(error);
  }
}

async function openReplay(topic, known) {
  const byId = (id) => document.getElementById(id);
  byId('replay-what').textContent = `The dead letters of ${topic} that were not sent to this topic before, each once, with key, value and headers. `
    + `${number(known.open)} were never replayed.`;
  dialog.querySelector('form').reset();
  byId('replay-to').value = known.replayTo ?? '';
  byId('replay-error').hidden = true;
  const names = await ask('api/topics').catch(() => []);
  byId('replay-topics').replaceChildren(...names.filter((t) => !t.isInternal && t.name !== topic).map((t) => el('option', { value: t.name })));
  dialog.dataset.topic = topic;
  dialog.showModal();
}

document.getElementById('replay-cancel').addEventListener('click', () => dialog.close());
dialog.querySelector('form').addEventListener('submit', async (event) => {
  event.preventDefault();
  const fields = new FormData(event.target);
  const optional = (name) => (fields.get(name) ? Number(fields.get(name)) : null);
  try {
    await ask(`api/dead-letters/${encodeURIComponent(dialog.dataset.topic)}/replay`, {
      to: fields.get('to').trim(), ratePerSecond: optional('rate'), limit: optional('limit'),
    });
    dialog.close();
    location.hash = '#/';
  } catch (error) {
    const line = document.getElementById('replay-error');
    line.textContent = error.message;
    line.hidden = false;
  }
});

// --- drawing and refreshing ---

const views = Object.assign(Object.create(null), { '': overview, topics, groups, 'dead-letters': deadLetters });
let shownHash = null;
let isStill = false; // what is shown cannot change, so it is not drawn again under the reader

function partsOf(hash) {
  try {
    return hash.slice(2).split('/').map((p) => decodeURIComponent(p));
  } catch {
    throw new Error(`The address '${hash}' is damaged. Choose a view above.`);
  }
}

async function draw() {
  const mine = ++drawing;
  const hash = location.hash || '#/';
  if (hash !== shownHash) document.getElementById('status').textContent = 'Loading…';
  try {
    const [name, ...parts] = partsOf(hash);
    const view = views[name];
    if (!view) throw new Error(`There is no view '${name}'. Choose one above.`);
    // First, because buttons depend on it; the server shares one reading among all that ask within two seconds.
    const state = await ask('api/overview');
    allowChanges = state.allowChanges;
    const [title, content, options] = await view(parts);
    if (mine !== drawing) return;
    showError(null);
    show(name, hash, title, content, options);
    document.getElementById('status').textContent = `${state.at.slice(11, 19)} UTC${allowChanges ? '' : ' · read-only'}`;
  } catch (error) {
    if (mine === drawing) {
      showError(error);
      document.getElementById('status').textContent = 'not current';
    }
  }
}

function show(name, hash, title, content, options) {
  const isNew = hash !== shownHash;
  const focused = isNew ? -1 : focusable().indexOf(document.activeElement);
  shownHash = hash;
  isStill = options?.isStill ?? false;
  main.replaceChildren(el('h1', {}, title), ...content.flat(Infinity).filter(Boolean));
  document.title = `${title} · Millrace`;
  for (const a of document.querySelectorAll('nav a')) {
    if (a.getAttribute('href') === `#/${name}`) a.setAttribute('aria-current', 'page'); else a.removeAttribute('aria-current');
  }
  if (isNew) {
    main.focus();
    scrollTo(0, 0);
  } else if (focused >= 0) {
    focusable()[focused]?.focus({ preventScroll: true });
  }
}

const focusable = () => [...main.querySelectorAll('a, button, [tabindex="0"]')];

function tick() {
  clearTimeout(timer);
  timer = setTimeout(async () => {
    // Nothing is asked for a page that nobody sees, nor under an open dialog or a selection.
    if (!document.hidden && !dialog.open && !isStill && getSelection().isCollapsed) await draw();
    tick();
  }, pollMs);
}

addEventListener('hashchange', () => { draw(); tick(); });
document.addEventListener('visibilitychange', () => { if (!document.hidden && !isStill) draw(); });
draw();
tick();
