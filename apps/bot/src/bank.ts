import { createHash } from 'node:crypto';

/** What the assistant can look up and do for a customer. */
export interface Bank {
  accountOf(userId: string): Account;
  /** @returns a reference the customer can quote. */
  blockCard(userId: string): { readonly reference: string };
}

export interface Account {
  /** Last four digits. */
  readonly account: string;
  readonly card: string;
  /** In cents. */
  readonly balance: number;
  /** Per day, in cents. */
  readonly transferLimit: number;
  readonly cardBlocked: boolean;
}

/** A bank for demonstrations: every customer has an account, always the same one, and blocked cards stay blocked while the bot runs. */
export function demonstrationBank(): Bank {
  const blocked = new Map<string, string>();
  const numbersOf = (userId: string) => createHash('sha256').update(userId).digest();
  return {
    accountOf(userId) {
      const numbers = numbersOf(userId);
      return {
        account: String(1000 + (numbers.readUInt16BE(0) % 9000)),
        card: String(1000 + (numbers.readUInt16BE(2) % 9000)),
        balance: 20_000 + (numbers.readUInt32BE(4) % 800_000),
        transferLimit: 500_000,
        cardBlocked: blocked.has(userId),
      };
    },
    blockCard(userId) {
      const reference = blocked.get(userId) ?? `BLK-${numbersOf(userId).toString('hex', 8, 12).toUpperCase()}`;
      if (blocked.size >= 100_000) blocked.delete(blocked.keys().next().value!);
      blocked.set(userId, reference);
      return { reference };
    },
  };
}

export function money(cents: number): string {
  return new Intl.NumberFormat('en-IE', { style: 'currency', currency: 'EUR' }).format(cents / 100);
}
