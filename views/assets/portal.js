// What the pages gain where scripts run: copying, counting down, choosing. Every page works without
// it.

const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const one = selector => document.querySelector(selector);

// ---------------------------------------------------------------- copying

/** The clipboard API needs a secure context; selecting and copying works everywhere else. */
async function copy(text, element) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    if (!element) return false;
    getSelection().selectAllChildren(element);
    return document.execCommand('copy');
  }
}

const announcer = document.createElement('p');
announcer.className = 'visually-hidden';
announcer.setAttribute('role', 'status');
document.body.append(announcer);

function announce(text) {
  announcer.textContent = text;
  setTimeout(() => {
    announcer.textContent = '';
  }, 2000);
}

for (const button of all('[data-copy]')) {
  const label = button.textContent;
  button.hidden = false;
  button.addEventListener('click', async () => {
    const source = document.getElementById(button.dataset.copy);
    const done = await copy(source.textContent, source);
    button.textContent = done ? 'Copied' : 'Press Ctrl+C to copy';
    announce(button.textContent);
    setTimeout(() => {
      button.textContent = label;
    }, 2000);
  });
}

// Also for buttons that come later.
document.addEventListener('click', async ({ target }) => {
  const button = target instanceof Element ? target.closest('[data-copy-link]') : null;
  if (button === null) return;
  const { copyLink } = button.dataset;
  if (!(await copy(copyLink))) {
    location.assign(copyLink);
    return;
  }
  const icon = button.querySelector('use');
  icon.setAttribute('href', '#icon-grants');
  announce('Link copied');
  setTimeout(() => icon.setAttribute('href', '#icon-link'), 2000);
});

// ---------------------------------------------------------------- the reader's own time

const localTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
for (const element of all('time[data-local-time]')) {
  const utc = element.textContent;
  element.textContent = localTime.format(new Date(element.dateTime));
  element.title = utc;
}

// ---------------------------------------------------------------- counting down

function timeLeft(seconds) {
  if (seconds < 60) return `${seconds} s`;
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  return [hours > 0 && `${hours} h`, minutes > 0 && `${minutes} min`].filter(Boolean).join(' ');
}

for (const counter of all('[data-seconds-left]')) {
  // Counts from what the server said, so that a clock that is wrong here does no harm.
  const end = Date.now() + Number(counter.dataset.secondsLeft) * 1000;
  const tick = () => {
    const seconds = Math.floor((end - Date.now()) / 1000);
    if (seconds > 0) {
      counter.textContent = timeLeft(seconds);
      return;
    }
    clearInterval(timer);
    counter.textContent = 'none';
    one('[data-secrets]')?.remove();
    one('[data-expired]')?.removeAttribute('hidden');
  };
  const timer = setInterval(tick, 1000);
  tick();
}

// What cannot help before its time comes appears then.
for (const element of all('[data-shown-after-seconds]'))
  setTimeout(() => {
    element.hidden = false;
  }, Number(element.dataset.shownAfterSeconds) * 1000);

// ---------------------------------------------------------------- choosing a length of time

const QUICK = ['30 min', '1 h', '2 h', '4 h', '8 h'];

/** A slider moves the choice of a list, which is what the form sends. */
for (const field of all('[data-lengths]')) {
  const select = field.querySelector('select');
  const options = [...select.options];
  if (options.length < 2) continue;
  const label = field.querySelector('label');
  const slider = Object.assign(document.createElement('input'), {
    type: 'range',
    id: `${select.id}-slider`,
    min: 0,
    max: options.length - 1,
    step: 1,
    value: select.selectedIndex,
  });
  const output = document.createElement('output');
  output.htmlFor = slider.id;
  const quick = document.createElement('p');
  quick.className = 'quick';
  const choose = index => {
    select.selectedIndex = index;
    slider.value = index;
    const { text } = options[index];
    output.textContent = text;
    slider.setAttribute('aria-valuetext', text);
    for (const button of quick.children)
      button.setAttribute('aria-pressed', String(button.textContent === text));
  };
  options.forEach(({ text }, index) => {
    if (!QUICK.includes(text) && index < options.length - 1) return;
    const button = Object.assign(document.createElement('button'), {
      type: 'button',
      className: 'button',
      textContent: text,
    });
    button.addEventListener('click', () => choose(index));
    quick.append(button);
  });
  slider.addEventListener('input', () => choose(slider.valueAsNumber));
  for (const name of ['aria-invalid', 'aria-describedby'])
    if (select.hasAttribute(name)) slider.setAttribute(name, select.getAttribute(name));
  label.htmlFor = slider.id;
  select.hidden = true;
  select.before(slider, output);
  field.append(quick);
  choose(select.selectedIndex);
}

// A time in UTC is also said in the reader's own.
for (const input of all('input[type="datetime-local"]')) {
  const own = document.createElement('p');
  own.className = 'quiet-text';
  own.setAttribute('role', 'status');
  const tell = () => {
    const at = input.value && new Date(`${input.value}Z`);
    own.textContent = at ? `In your time: ${localTime.format(at)}` : '';
  };
  input.after(own);
  input.addEventListener('input', tell);
  tell();
}

// ---------------------------------------------------------------- going on by itself

one('[data-submit-at-once]')?.requestSubmit();
