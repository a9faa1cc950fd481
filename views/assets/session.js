// The ends of the session in the reader's own time, and a warning before. The pages say them in UTC
// without it.

const WARN_MILLISECONDS = 5 * 60_000;
const LOOK_MILLISECONDS = 10_000;

const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
  timeZoneName: 'short',
});

const line = document.querySelector('[data-session-ends]');
if (line) watchSession(line, document.querySelector('[data-session-warning]'));

function watchSession({ dataset, children }, region) {
  const [idleTime, latestTime, zone] = children;
  const loaded = Date.now();
  // Counted from what the server said, so that a clock that is wrong here does no harm.
  const ends = {
    idle: loaded + Number(dataset.idleSecondsLeft) * 1000,
    latest: loaded + Number(dataset.latestSecondsLeft) * 1000,
  };
  let spoken = { idle: Date.parse(idleTime.dateTime), latest: Date.parse(latestTime.dateTime) };
  let said = '';
  let dismissed = '';

  const say = () => {
    const [idle, latest] = [partsOf(spoken.idle), partsOf(spoken.latest)];
    // They differ in the night in which the clocks change.
    idleTime.textContent = idle.zone === latest.zone ? idle.time : `${idle.time} ${idle.zone}`;
    latestTime.textContent = latest.time;
    zone.textContent = latest.zone;
  };
  const look = () => {
    const state = stateOf(ends, loaded, Date.now());
    // A new end is a new warning.
    const key = state && `${state} ${Math.round(ends.idle / 1000)}`;
    if (key === said || (key !== '' && key === dismissed)) return;
    said = key;
    if (state === '') region.replaceChildren();
    else
      region.replaceChildren(
        ...WARNINGS[state](wordsOf(state === 'idle' ? spoken.idle : spoken.latest)),
        dismissal(() => {
          dismissed = key;
          said = '';
          region.replaceChildren();
        }),
      );
  };

  say();
  look();
  setInterval(look, LOOK_MILLISECONDS);
  document.addEventListener('visibilitychange', look);
  // Another tab that asks for a page keeps the session of this one.
  const tabs = new BroadcastChannel('session-ends');
  tabs.postMessage({ ends, spoken });
  tabs.addEventListener('message', ({ data }) => {
    Object.assign(ends, data.ends);
    spoken = data.spoken;
    say();
    look();
  });
}

/** `19:30` and `GMT+1`. */
function partsOf(instant) {
  const parts = new Map(clock.formatToParts(instant).map(({ type, value }) => [type, value]));
  return { time: `${parts.get('hour')}:${parts.get('minute')}`, zone: parts.get('timeZoneName') };
}

function wordsOf(instant) {
  const { time, zone } = partsOf(instant);
  return `${time} ${zone}`;
}

/** '' while there is time. Half of a short session is left without a warning. */
function stateOf({ idle, latest }, loaded, now) {
  const soon = end => now >= end - Math.min(WARN_MILLISECONDS, (end - loaded) / 2);
  if (now >= Math.min(idle, latest)) return 'ended';
  if (soon(latest)) return 'latest';
  return soon(idle) ? 'idle' : '';
}

const WARNINGS = {
  idle: at => [
    `Your session ends at ${at} because you have not used it. Any page keeps it: `,
    link('open one in a new tab', '/sessions', '_blank'),
    '.',
  ],
  latest: at => [
    `Your session ends at ${at}, and nothing extends it. Finish what you do here, then sign in again.`,
  ],
  ended: () => [
    'Your session has ended. ',
    link(
      'Sign in again',
      `/sign-in?return_to=${encodeURIComponent(location.pathname + location.search)}`,
    ),
    '.',
  ],
};

function link(text, href, target = '') {
  return Object.assign(document.createElement('a'), {
    textContent: text,
    href,
    target,
    rel: 'noopener',
  });
}

function dismissal(dismiss) {
  const button = Object.assign(document.createElement('button'), {
    type: 'button',
    className: 'button',
    textContent: 'Dismiss',
  });
  button.addEventListener('click', dismiss);
  return button;
}
