import { createHash, createPrivateKey, createPublicKey, generateKeyPair } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** An RSA key that signs tokens. `kid` is the SHA-256 thumbprint of the public part, shortened. */
export interface SigningKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** Public members only: `kty`, `n`, `e`. */
  readonly publicJwk: { readonly kty: 'RSA'; readonly n: string; readonly e: string };
}

export interface KeyRing {
  /** The keys of one owner, newest first; the newest signs. The first call makes or loads them. */
  keys(owner: string): Promise<readonly SigningKey[]>;
  /** Adds a key, which signs from now on; older keys stay published. */
  rotate(owner: string): Promise<SigningKey>;
  /** Stops publishing a key. */
  withdraw(owner: string, kid: string): Promise<void>;
}

/**
 * RSA keys by owner (a tenant id, or the name of a service).
 * @param directory where they persist, one PEM bundle per owner; without it they live in memory only.
 */
export function createKeyRing(directory?: string): KeyRing {
  const rings = new Map<string, Promise<readonly SigningKey[]>>();

  function keys(owner: string): Promise<readonly SigningKey[]> {
    let ring = rings.get(owner);
    if (!ring) {
      ring = open(owner);
      rings.set(owner, ring);
    }
    return ring;
  }

  async function open(owner: string): Promise<readonly SigningKey[]> {
    const stored = directory ? load(directory, owner) : [];
    return stored.length > 0 ? stored : save(owner, [await generate()]);
  }

  function save(owner: string, ring: readonly SigningKey[]): readonly SigningKey[] {
    if (directory) store(directory, owner, ring);
    return ring;
  }

  return {
    keys,
    async rotate(owner) {
      const fresh = await generate();
      rings.set(owner, Promise.resolve(save(owner, [fresh, ...(await keys(owner))])));
      return fresh;
    },
    async withdraw(owner, kid) {
      const rest = (await keys(owner)).filter((key) => key.kid !== kid);
      if (rest.length === 0) throw new Error(`The last key of ${owner} cannot be withdrawn: rotate first`);
      rings.set(owner, Promise.resolve(save(owner, rest)));
    },
  };
}

const generatePair = promisify(generateKeyPair);

async function generate(): Promise<SigningKey> {
  const { privateKey } = await generatePair('rsa', { modulusLength: 2048 });
  return describe(privateKey);
}

function describe(privateKey: KeyObject): SigningKey {
  const publicKey = createPublicKey(privateKey);
  const { n = '', e = '' } = publicKey.export({ format: 'jwk' });
  const kid = createHash('sha256').update(`${e}.${n}`).digest('base64url').slice(0, 27);
  return { kid, privateKey, publicKey, publicJwk: { kty: 'RSA', n, e } };
}

function load(directory: string, owner: string): SigningKey[] {
  let text: string;
  try {
    text = readFileSync(keyFile(directory, owner), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  const blocks = text.match(/-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----/g) ?? [];
  return blocks.map((pem) => describe(createPrivateKey(pem)));
}

function store(directory: string, owner: string, ring: readonly SigningKey[]): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const file = keyFile(directory, owner);
  const pem = ring.map((key) => key.privateKey.export({ format: 'pem', type: 'pkcs8' })).join('');
  writeFileSync(`${file}.new`, pem, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

function keyFile(directory: string, owner: string): string {
  return join(directory, `key-${owner}.pem`);
}
