/** Keys that move into a real Secret Service (gnome-keyring), and out of the AWS files. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  lstatSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { describe, it } from 'node:test';
import {
  CREDENTIALS,
  type IamUser,
  iamUserFor,
  KEYS,
  SCRIPT,
  SERIAL,
} from '../../support/iam-user.ts';
import { NO_KEYCHAIN, useKeychain } from '../../support/keychain.ts';
import { missingPackage } from '../../support/missing-package.ts';

const OPS = ['--profile', 'ops'];
const IMPORT = ['import', ...OPS, '--yes'];
const OTHERS = '# mine \u00e4\n[default]\nregion = eu-west-1\n\n';

describe('keys and the system keychain', { skip: NO_KEYCHAIN }, () => {
  const keychain = useKeychain();
  /** Each has a directory of their own, so their keys have entries of their own. */
  const user = async (...args: Parameters<typeof iamUserFor>): Promise<IamUser> => {
    const [t, options] = args;
    return iamUserFor(t, { ...options, env: { ...keychain.env, ...options?.env } });
  };
  const file = ({ computer }: IamUser): string => computer.file('.aws/credentials');
  /** Whether `mfa` works with what is there now: with a code, and past the cache. */
  const isUsable = async (one: IamUser): Promise<boolean> => {
    const program = one.script('code', `echo ${one.code()}`);
    const { code, stderr } = await one.mfa([...OPS, '--mfa-process', program]);
    if (code !== 0) assert.match(stderr, /has no long-term keys|unknown profile/);
    return code === 0;
  };

  it('import moves them: the rest of the file stays, to the byte, with its mode and link', async t => {
    const one = await user(t);
    writeFileSync(file(one), `${OTHERS}${CREDENTIALS}output = json\n# end\n`);
    chmodSync(file(one), 0o640);
    renameSync(file(one), one.computer.file('kept'));
    symlinkSync(one.computer.file('kept'), file(one));

    const { code, stdout, stderr } = await one.mfa(IMPORT);
    assert.deepEqual([code, stdout], [0, ''], stderr);
    assert.match(
      stderr,
      /^The keys of ops are those of arn:aws:iam::111122223333:user\/ops\. They move from \S+\/\.aws\/credentials into the keychain of this computer\.\nThe keys of ops are now in the keychain, and were removed from the file\.\n$/,
    );
    assert.equal(one.credentials(), `${OTHERS}[ops]\noutput = json\n# end\n`);
    assert.ok(lstatSync(file(one)).isSymbolicLink());
    assert.equal(statSync(file(one)).mode & 0o777, 0o640);
    assert.ok(await isUsable(one));
  });

  it('import removes a section of which nothing is left, and the profile still works', async t => {
    const one = await user(t);
    writeFileSync(file(one), `${OTHERS}${CREDENTIALS}`);
    assert.equal((await one.mfa(IMPORT)).code, 0);
    assert.equal(one.credentials(), OTHERS);
    assert.ok(await isUsable(one));

    const again = await one.mfa(IMPORT);
    assert.equal(again.code, 6);
    assert.match(again.stderr, /the keys of ops are in the keychain already/);
  });

  it('import moves them out of the config file, too', async t => {
    const one = await user(t);
    writeFileSync(file(one), '');
    const keys = CREDENTIALS.replace('[ops]\n', '');
    one.configure(`${keys}mfa_serial = ${SERIAL}\n`);
    assert.equal((await one.mfa(IMPORT)).code, 0);
    const config = readFileSync(one.computer.file('.aws/config'), 'utf8');
    assert.ok(!config.includes('aws_access_key_id') && config.includes(`mfa_serial = ${SERIAL}\n`));
    assert.ok(await isUsable(one));
  });

  it('import names lines that still contain the secret key', async t => {
    const one = await user(t);
    const commented = `# aws_secret_access_key = ${KEYS.secret}\n`;
    writeFileSync(file(one), `${commented}${CREDENTIALS}`);
    const { stderr } = await one.mfa(IMPORT);
    assert.match(
      stderr,
      /\/credentials still contains this secret key: line 1\. Remove it there\./,
    );
    assert.equal(one.credentials(), commented);
  });

  it('import asks first, and changes nothing when the user declines', {
    skip: missingPackage(SCRIPT, 'bsdutils'),
  }, async t => {
    const one = await user(t);
    const { code, screen } = await one.atTerminal(`${one.program} mfa import --profile ops`, ['n']);
    assert.equal(code, 130, screen);
    assert.match(screen, /Move the keys into the keychain\?/);
    assert.equal(one.credentials(), CREDENTIALS);
    writeFileSync(file(one), '');
    assert.ok(!(await isUsable(one)), 'the keychain has none');
  });

  it('import without a terminal requires --yes', async t => {
    const one = await user(t);
    const { code, stderr } = await one.mfa(['import', ...OPS]);
    assert.equal(code, 2);
    assert.match(stderr, /no terminal to confirm the change, so nothing was changed/);
    assert.equal(one.credentials(), CREDENTIALS);
  });

  it('import changes nothing where AWS does not know the keys', async t => {
    const one = await user(t, { status: 'Inactive' });
    const { code, stderr } = await one.mfa(IMPORT);
    assert.equal(code, 4);
    assert.match(stderr, /AWS does not know the access key of the profile ops/);
    assert.equal(one.credentials(), CREDENTIALS);
  });

  it('import takes the keys back out of the keychain when the file cannot be written', async t => {
    const one = await user(t);
    // The draft beside it would have a name that is too long.
    const long = one.computer.file('.aws', 'c'.repeat(250));
    renameSync(file(one), long);
    const env = { AWS_SHARED_CREDENTIALS_FILE: long };
    const { code, stderr } = await one.mfa(IMPORT, { env });
    assert.equal(code, 6);
    assert.match(stderr, /a name in it is too long/);
    assert.equal(readFileSync(long, 'utf8'), CREDENTIALS);
    assert.ok(!(await isUsable(one)), 'the keychain has none');
  });

  const refused: readonly (readonly [title: string, credentials: string, says: RegExp])[] = [
    [
      'a file that the AWS CLI cannot read',
      `${CREDENTIALS}[ops]\n`,
      /the AWS CLI cannot read .*: line 4: the section \[ops\] is there twice/,
    ],
    [
      'keys that every profile has',
      `${CREDENTIALS.replace('[ops]', '[DEFAULT]')}[ops]\n`,
      /the keys of ops cannot be moved: they are in \[DEFAULT\]/,
    ],
  ];
  for (const [title, credentials, says] of refused) {
    it(`import changes nothing in ${title}`, async t => {
      const one = await user(t);
      writeFileSync(file(one), credentials);
      const { code, stderr } = await one.mfa(IMPORT);
      assert.equal(code, 6, stderr);
      assert.match(stderr, says);
      assert.equal(one.credentials(), credentials);
    });
  }

  it('import changes nothing where the keys belong to a source profile, and names it', async t => {
    const one = await user(t);
    one.configure(`[profile role]\nrole_arn = x\nsource_profile = ops\n`);
    const { code, stderr } = await one.mfa(['import', '--profile', 'role', '--yes']);
    assert.equal(code, 2);
    assert.match(stderr, /it uses those of ops\.\nUse that profile: --profile ops/);
  });

  it('import says where there is no keychain, and changes nothing', async t => {
    const one = await user(t);
    const off = await one.mfa(IMPORT, { env: { ROLEBRIDGE_KEYCHAIN: 'off' } });
    assert.equal(off.code, 6);
    assert.match(off.stderr, /the system keychain is turned off for rolebridge/);
    const away = { env: { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nowhere' } };
    for (const args of [IMPORT, ['forget', ...OPS, '--yes']]) {
      const missing = await one.mfa(args, away);
      assert.equal(missing.code, 6);
      assert.match(missing.stderr, /the system keychain cannot be used here \(.+\)/);
    }
    assert.equal(one.credentials(), CREDENTIALS);
  });

  it('forget removes cached credentials where no keychain is used, too', async t => {
    const one = await user(t, { env: { ROLEBRIDGE_KEYCHAIN: 'off' } });
    assert.ok(await isUsable(one));
    assert.equal((await one.mfa(['forget', ...OPS])).code, 0);
    assert.equal((await one.mfa(OPS)).code, 3);
  });

  it('forget removes keys and cached credentials', async t => {
    const one = await user(t);
    await one.mfa(IMPORT);
    assert.ok(await isUsable(one));
    const { code, stderr } = await one.mfa(['forget', ...OPS, '--yes']);
    assert.equal(code, 0);
    assert.match(stderr, /^AWS never shows a secret key again: .*\nThe keys of ops were removed/);
    assert.ok(!(await isUsable(one)));
    const again = await one.mfa(['forget', ...OPS, '--yes']);
    assert.deepEqual(
      [again.code, again.stderr],
      [0, 'The keychain has no keys of ops. Cached credentials were removed.\n'],
    );
  });

  it('keys in a file take precedence over those in the keychain, until they replace them', async t => {
    const one = await user(t);
    await one.mfa(IMPORT);
    const others = CREDENTIALS.replace(KEYS.secret, 'another/secret/another/secret/another/se');
    writeFileSync(file(one), others);
    const { code, stderr } = await one.mfa(IMPORT);
    assert.equal(code, 4, stderr);
    writeFileSync(file(one), '');
    assert.ok(await isUsable(one), 'the keychain has those that AWS knows');
  });
});
