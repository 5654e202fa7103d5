// Checks mails: `node check.mjs FILE...` prints one JSON object, by file the features of HTML and CSS that a mail
// program does not know, and what gets in the way of somebody who listens to the mail.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { caniemail } from 'caniemail';
import { JSDOM } from 'jsdom';

// Those that people read mail with at work, and for which the data is whole.
const CLIENTS = [
  'apple-mail.*', 'gmail.*', 'outlook.*', 'yahoo.*', 'samsung-email.*', 'protonmail.*', 'fastmail.*',
];
// A page has these once; a mail is shown inside the page of a mail program.
const OF_A_PAGE = ['region', 'landmark-one-main', 'page-has-heading-one', 'bypass'];
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

function unsupported(html) {
  const found = {};
  for (const [client, problems] of caniemail({ clients: CLIENTS, html }).issues.errors) {
    for (const problem of problems) (found[problem.title] ??= new Set()).add(client);
  }
  return Object.fromEntries(Object.entries(found).map(([title, clients]) => [title, [...clients].sort()]));
}

async function barriers(html) {
  const { window } = new JSDOM(html, { runScripts: 'outside-only', pretendToBeVisual: true });
  window.eval(AXE);
  const rules = Object.fromEntries([...OF_A_PAGE, 'color-contrast'].map((rule) => [rule, { enabled: false }]));
  const { violations } = await window.axe.run(window.document, { rules });
  window.close();
  return violations.map(({ id, help, nodes }) => `${id}: ${help} (${nodes[0].html.slice(0, 160)})`);
}

const told = {};
for (const file of process.argv.slice(2)) {
  const html = readFileSync(file, 'utf8');
  told[file] = { unsupported: unsupported(html), barriers: await barriers(html) };
}
process.stdout.write(JSON.stringify(told));
