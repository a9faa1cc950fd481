// Lists the user's own files in a bucket: credentials from the bridge, the AWS SDK in the page.
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { createBridge } from './bridge.js';

const settings = await (await fetch('config.json')).json();
const bridge = createBridge(settings);
const s3 = new S3Client({
  ...settings.s3,
  // The SDK asks again before they expire.
  credentials: () => bridge.credentialsFor(settings.role),
});

const [status, files, signIn, browse, prefix, signOut] = [
  'status',
  'files',
  'sign-in',
  'browse',
  'prefix',
  'sign-out',
].map(id => document.getElementById(id));

signIn.addEventListener('click', () => bridge.signIn());
signOut.addEventListener('click', () => shown(() => bridge.signOut()));
browse.addEventListener('submit', event => {
  event.preventDefault();
  shown(() => list(prefix.value));
});

await shown(async () => {
  await bridge.completeSignIn();
  const { person } = (await bridge.isSignedIn()) ? await bridge.call('/whoami') : {};
  signIn.hidden = person !== undefined;
  browse.hidden = person === undefined;
  if (person === undefined) return say('You are not signed in.');
  prefix.value = `${person.username}/`;
  await list(prefix.value);
});

async function list(folder) {
  const input = { Bucket: settings.bucket, Prefix: folder };
  const { Contents = [] } = await s3.send(new ListObjectsV2Command(input));
  files.replaceChildren(
    ...Contents.map(({ Key, Size }) => {
      const item = document.createElement('li');
      // Text, never HTML: names of files are input.
      item.textContent = `${Key} (${Size} bytes)`;
      return item;
    }),
  );
  say(`${Contents.length} files in ${folder}`);
}

/** Runs an action, and shows why it failed. */
async function shown(action) {
  files.replaceChildren();
  try {
    await action();
  } catch (error) {
    say(`${error.name}: ${error.message}`);
    signIn.hidden = await bridge.isSignedIn();
  }
}

function say(text) {
  status.textContent = text;
}
