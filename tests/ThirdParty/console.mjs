// The web console at $CONSOLE in a real browser, desktop and phone: every view, a hostile letter, the replay dialog.
// One line per check that passed, exit 1 at the first that did not. $SHOTS names a folder for screenshots, if wanted.
// The packages are looked for from $NODE_DIR (where node_modules is), else from here.
import { createRequire } from 'node:module';

const require = createRequire((process.env.NODE_DIR ?? process.cwd()) + '/');
const puppeteer = require('puppeteer-core');
const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  headless: true,
  args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
});
const page = await browser.newPage();
const complaints = [];
page.on('console', (m) => { if (['error', 'warn'].includes(m.type())) complaints.push(m.text()); });
page.on('pageerror', (e) => complaints.push(e.message));
page.on('dialog', (d) => { complaints.push(`a dialog: ${d.message()}`); d.dismiss(); });
page.setDefaultTimeout(30000);

async function stop(code) {
  await browser.close();
  process.exit(code);
}

async function check(what, expected, actual) {
  const [e, a] = [JSON.stringify(expected), JSON.stringify(actual)];
  if (e !== a) {
    console.log(`FAILED console ${what}: expected ${e}, got ${a}; complaints: ${JSON.stringify(complaints)}`);
    await stop(1);
  }
  console.log(`ok console ${what}`);
}

const shot = async (name) => process.env.SHOTS && page.screenshot({ path: `${process.env.SHOTS}/${name}.png`, fullPage: true });
const text = (selector) => page.$eval(selector, (e) => e.textContent);
const titled = (title) => page.waitForFunction((t) => document.querySelector('h1')?.textContent === t, {}, title);
const shows = (t) => page.waitForFunction((x) => document.querySelector('main').textContent.includes(x), {}, t);
const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
async function click(name, within = 'main') {
  const found = await page.waitForFunction((n, w) => [...document.querySelectorAll(`${w} a, ${w} button`)]
    .find((e) => e.textContent === n && !e.disabled), {}, name, within);
  // In the page, because a row may be drawn anew between finding it and moving a mouse there.
  await found.evaluate((e) => e.click());
}
async function open(hash, title) {
  await page.goto(process.env.CONSOLE + hash);
  await titled(title);
}
// The letters are the last table of their page.
const letterCount = () => page.$$eval('main .scroll', (all) => all.at(-1).querySelectorAll('tbody tr').length);
const firstLetter = () => page.$$eval('main .scroll', (all) => all.at(-1).querySelector('a').getAttribute('href'));
const replayState = () => page.evaluate(() => [...document.querySelectorAll('main tbody tr')]
  .find((r) => r.textContent.includes('orders.DLT → orders'))?.querySelector('.tag')?.textContent ?? '');
const stateIs = (s) => page.waitForFunction((x) => [...document.querySelectorAll('main tbody tr')]
  .find((r) => r.textContent.includes('orders.DLT → orders'))?.querySelector('.tag')?.textContent === x, {}, s);

await page.setViewport({ width: 1280, height: 800 });
await open('#/', 'Overview');
await shot('overview');
await check('the overview names the dead letters', true, (await text('main')).includes('62 dead letters not replayed'));
await click('Look at the letters');
await titled('orders.DLT');
await shot('letters');
await check('a page has 50 letters', 50, await letterCount());
await click('Next page');
await shows('First page');
await shot('next-page');
await check('the next page has the rest', 12, await letterCount());
await click('Evil.<script>alert(1)</script>');
await shows('Letters of Evil.<script>alert(1)</script>');
await check('an exception has its letters', 1, await letterCount());
await page.evaluate((h) => { location.hash = h; }, await firstLetter());
await titled('orders.DLT 0:0');
await shot('letter');
await check('markup of a record is text', [true, 0], [
  (await text('main')).includes('<img src=x onerror=alert(2)>'),
  await page.$$eval('main img, main script, main b', (e) => e.length)]);
await check('JSON is indented', true, (await page.$$eval('pre', (p) => p.map((e) => e.textContent))).some((t) => t.includes('{\n  "a": ')));
await page.$$eval('main button', (all) => all.filter((b) => b.textContent === 'Hex').at(-1).click());
await page.$$eval('main button', (all) => all.filter((b) => b.textContent === 'Hex').forEach((b) => b.click()));
await check('bytes are shown as hex', true, (await page.$$eval('pre', (p) => p.map((e) => e.textContent))).some((t) => t.startsWith('00000000  7b 22 61 22')));
await open('#/groups', 'Groups');
await open('#/topics', 'Topics');
for (const bad of ['#/nowhere', '#/constructor', '#/%E0%A4', '#/groups/nobody']) {
  await page.goto(process.env.CONSOLE + bad);
  await page.waitForFunction(() => !document.getElementById('error').hidden);
  await open('#/', 'Overview');
}
await check('a wrong address is said in a line', true, true);

// A group that does not exist is a 404, which the browser notes as well.
complaints.splice(0, complaints.length, ...complaints.filter((c) => !c.includes('404')));
await open('#/dead-letters/orders.DLT', 'orders.DLT');
await click('Replay…');
await check('the dialog names the origin', 'orders', await page.$eval('#replay-to', (e) => e.value));
await shot('dialog');
await page.$eval('#replay-to', (e) => { e.value = 'missing'; });
await click('Start replay', 'dialog');
await page.waitForFunction(() => document.getElementById('replay-error').textContent.includes('missing'));
await shot('dialog-error');
await click('Cancel', 'dialog');
complaints.splice(0, complaints.length, ...complaints.filter((c) => !c.includes('404')));
await click('Replay…');
await check('the dialog begins anew', ['orders', '', true], await page.evaluate(() => [
  document.getElementById('replay-to').value, document.getElementById('replay-rate').value, document.getElementById('replay-error').hidden]));
await page.type('#replay-rate', '0.001');
await click('Start replay', 'dialog');
await titled('Overview');
await stateIs('Running');
await shot('running');
await click('Stop');
await stateIs('Stopped');
await check('a replay is stopped', 'Stopped', await replayState());
await open('#/dead-letters/orders.DLT', 'orders.DLT');
await click('Replay…');
await check('a rate is not kept', '', await page.$eval('#replay-rate', (e) => e.value));
await click('Start replay', 'dialog');
await titled('Overview');
await stateIs('Done');
await open('#/dead-letters/orders.DLT', 'orders.DLT');
await shows('0 of 62 not replayed');
await check('what was replayed is open no more', true, await page.$eval('main button', (b) => b.disabled));

await page.setViewport({ width: 400, height: 800 });
const letter = await firstLetter();
for (const [hash, name] of [['#/', 'overview'], ['#/topics', 'topics'], ['#/groups', 'groups'], ['#/dead-letters', 'dead-letters'],
  ['#/dead-letters/orders.DLT', 'letters'], [letter, 'letter']]) {
  await page.goto(process.env.CONSOLE + '#/');
  await titled('Overview');
  if (hash !== '#/') {
    await page.evaluate((h) => { location.hash = h; }, hash);
    await page.waitForFunction(() => document.querySelector('h1').textContent !== 'Overview');
  }
  await shot(`phone-${name}`);
  await check(`nothing is wider than a phone: ${name}`, 0, Math.max(0, await overflow()));
}
await check('the browser has no complaints', [], complaints);
await stop(0);
