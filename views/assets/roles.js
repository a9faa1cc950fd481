// The page of roles where scripts run: it filters while the user types, and copies links. The page
// works without.

const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const one = (selector, root = document) => root.querySelector(selector);
const count = (number, word) => `${number} ${word}${number === 1 ? '' : 's'}`;

// ---------------------------------------------------------------- filtering

const search = one('[data-filter]');
const loaded = search.dataset.loadedQuery;
const total = Number(search.dataset.total);
const input = search.elements.q;
const output = one('[data-count]');
const nothing = one('[data-nothing]');
const hint = one('[data-nothing-hint]');

const textOf = element => element?.textContent ?? '';

/** As `searchedText` of the server has it. */
function accountOf(section, jumps) {
  const folder = textOf(section.closest('.filed')?.firstElementChild);
  const head = [...one('.account-head', section).children].map(textOf).join(' ');
  const text = `${head} ${textOf(one('.about > span', section))} ${folder}`;
  const name = textOf(one('h3', section));
  const rows = all('.roles > li', section).map(row => ({
    row,
    text: `${text} ${name}/${textOf(row.firstElementChild)}`.toLowerCase(),
    rank: Number(row.dataset.rank ?? 0),
    isShown: true,
  }));
  return { section, rows, jump: jumps.get(`#${section.id}`), isShown: true, rank: 0 };
}

let found;
/** Read once, before the first key: reading 2,000 rows takes as long as filtering them. */
function accounts() {
  if (found !== undefined) return found;
  const jumps = new Map(all('.jump a').map(link => [link.hash, link.parentElement]));
  found = all('.account').map(section => accountOf(section, jumps));
  return found;
}
(globalThis.requestIdleCallback ?? setTimeout)(accounts);

/** Touches what changes alone: every element touched is laid out again. */
function show(item, element, isShown) {
  if (item.isShown === isShown) return;
  item.isShown = isShown;
  element.hidden = !isShown;
}

function filter() {
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = ({ text }) => words.every(word => text.includes(word));
  let roles = 0;
  let shown = 0;
  for (const account of accounts()) {
    const fitting = new Set(account.rows.filter(fits));
    const isShown = fitting.size > 0;
    // Rows of a hidden account stay as they are.
    if (isShown) for (const row of account.rows) show(row, row.row, fitting.has(row));
    if (account.jump && account.isShown !== isShown) account.jump.hidden = !isShown;
    show(account, account.section, isShown);
    account.rank = Math.max(0, ...[...fitting].map(({ rank }) => rank));
    roles += fitting.size;
    if (isShown) shown += 1;
  }
  const isSearch = words.length > 0;
  if (quick) quick.hidden = isSearch;
  // The results of the server are in its order already.
  if (loaded === '') bringUp(isSearch ? accounts().filter(({ rank }) => rank > 0) : []);
  for (const folder of all('.folder')) folder.hidden = !one('.account:not([hidden])', folder);
  for (const title of all('.jump h3'))
    title.hidden = !one('li:not([hidden])', title.nextElementSibling);
  tell(roles, shown);
}

/** What is found first would else be above the window. */
function goToResults() {
  const results = one('.directory').getBoundingClientRect().top - search.offsetHeight;
  if (results < 0) scrollBy({ top: results, behavior: 'instant' });
}

const quick = one('.yours');
const used = Object.assign(document.createElement('section'), { className: 'folder' });
used.append(Object.assign(document.createElement('h2'), { textContent: 'Used by you' }));
let above = [];

/** Puts accounts above the others, the most used first; others go back to their folders. */
function bringUp(some) {
  const next = some.sort((a, b) => b.rank - a.rank);
  if (next.length === above.length && next.every((account, index) => account === above[index]))
    return;
  for (const account of above) account.home.replaceWith(account.section);
  for (const account of next) {
    account.home = document.createComment('');
    account.section.replaceWith(account.home);
    used.append(account.section);
  }
  if (next.length > 0) one('.accounts').prepend(used);
  else used.remove();
  above = next;
}

function tell(roles, shown) {
  // With a query, only what the server found is here: a search for something else is the server's.
  const elsewhere = loaded !== '' && !input.value.startsWith(loaded);
  const part = roles < total ? `${count(roles, 'role')} of ${total}` : count(roles, 'role');
  output.textContent = elsewhere
    ? 'Press Enter to search all your roles'
    : `${part} in ${count(shown, 'account')}`;
  hint.textContent = elsewhere
    ? 'Press Enter to search all your roles.'
    : 'Press Escape to see all your roles.';
  one('[data-nothing-why]').href = `/?q=${encodeURIComponent(input.value)}`;
  nothing.hidden = roles > 0 || accounts().length === 0;
}

one('[data-shortcut]').hidden = false;
let isWaiting = false;
input.addEventListener('input', () => {
  // After the frame that shows the letter; keys that follow within it are filtered together.
  if (isWaiting) return;
  isWaiting = true;
  requestAnimationFrame(() => setTimeout(catchUp));
});
function catchUp() {
  if (!isWaiting) return;
  isWaiting = false;
  filter();
  goToResults();
}
input.addEventListener('keydown', event => {
  if (event.key === 'Escape' && input.value !== '') {
    event.preventDefault();
    input.value = '';
    if (loaded === '') filter();
    else location.assign('/');
  }
  if (event.key === 'ArrowDown') {
    catchUp();
    const first = all(':is(.yours ul, .roles) > li :is(button, a)').find(
      element => !element.closest('[hidden]') && element.offsetParent !== null,
    );
    if (first) {
      event.preventDefault();
      first.focus();
    }
  }
});
document.addEventListener('keydown', event => {
  if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey) return;
  if (
    event.target instanceof Element &&
    event.target.closest('input, textarea, select, [contenteditable]')
  )
    return;
  event.preventDefault();
  input.focus();
  input.select();
});
// A page that comes back from the browser's history may bring typed text along.
if (input.value !== loaded) filter();

// ---------------------------------------------------------------- after a star

const PLACE = 'place';

/** The page comes again after a star: at the same place, with what was typed. */
document.addEventListener('submit', ({ submitter }) => {
  if (!submitter?.formAction.includes('/favourites')) return;
  const place = {
    top: scrollY,
    typed: input.value,
    role: submitter.value,
    account: submitter.form.id,
    isQuick: submitter.closest('.yours') !== null,
  };
  sessionStorage.setItem(PLACE, JSON.stringify(place));
});

function returnTo({ top, typed, role, account, isQuick }) {
  if (loaded === '' && typed !== '') {
    input.value = typed;
    filter();
  }
  const stars = all(
    '[formaction^="/favourites"]',
    isQuick ? (quick ?? document) : one(`#${account}`),
  );
  const star = stars.find(({ value, form }) => value === role && form.id === account);
  // The browser goes to the fragment once more when all is loaded.
  history.replaceState(null, '', location.pathname + location.search);
  scrollTo({ top, behavior: 'instant' });
  star?.focus({ preventScroll: true });
}

const place = sessionStorage.getItem(PLACE);
sessionStorage.removeItem(PLACE);
if (place !== null) returnTo(JSON.parse(place));

// ---------------------------------------------------------------- links to roles

const copy = Object.assign(document.createElement('button'), {
  type: 'button',
  className: 'copy',
  title: 'Copy the link',
});
copy.append(one('.search-field .icon').cloneNode(true));
one('use', copy).setAttribute('href', '#icon-link');

/** One button goes to the row that the user is at: 2,000 of them would weigh as much as all else. */
function offerLink({ target }) {
  const row = target instanceof Element ? target.closest(':is(.yours ul, .roles) > li') : null;
  const console = row && one('[formaction="/console"]', row);
  if (!console || copy.parentElement === row || copy === document.activeElement) return;
  const account = console.form.elements.account.value;
  const query = `account=${encodeURIComponent(account)}&role=${encodeURIComponent(console.value)}`;
  copy.dataset.copyLink = `${location.origin}/console?${query}`;
  copy.ariaLabel = `Copy the link of ${account} as ${console.value}`;
  one('[aria-label^="Credentials"]', row).after(copy);
}
document.addEventListener('pointerover', offerLink);
document.addEventListener('focusin', offerLink);
