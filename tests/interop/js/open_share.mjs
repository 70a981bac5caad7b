// Runs the script of a node's share page against that node, in a page of three elements; prints what it shows.
import {readFileSync} from 'node:fs';

const {base, fragment} = JSON.parse(readFileSync(0, 'utf8'));
const page = await (await fetch(base + '/share')).text();
const script = page.match(/<script>([\s\S]*)<\/script>/)[1];
const rows = [], asked = [], elements = {};
const element = () => ({
  textContent: '',
  append(...parts) { rows.push(parts.map(part => part.textContent)); this.lastChild = parts.at(-1); },
});
const document = {
  getElementById: id => elements[id] ??= element(),
  createElement: element,
  documentElement: {},
};
const fetchHere = address => { asked.push(address); return fetch(base + address); };
const run = new Function('document', 'location', 'navigator', 'fetch', 'addEventListener', script);
run(document, {hash: '#' + fragment}, {languages: ['en']}, fetchHere, () => {});
const until = Date.now() + 10_000;
while(elements.state.textContent === '' && Date.now() < until) await new Promise(done => setTimeout(done, 20));
console.log(JSON.stringify({title: elements.title?.textContent, state: elements.state.textContent, rows, asked}));
