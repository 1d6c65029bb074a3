import type { Desk } from '@parley/client';
import { useState } from 'react';
import { useReadable } from '../../desk/hooks.ts';
import { OtherPerson, type Tokens } from './sign-in.ts';

/** A new sign-in of the same person, in a window of its own or, where the browser allows none, in this one. */
export function useRenewal(tokens: Tokens, desk: Desk) {
  const keeping = useReadable(desk.keeping);
  const [problem, setProblem] = useState<string>();
  const [blocked, setBlocked] = useState(false);
  const [busy, setBusy] = useState(false);

  async function renew() {
    setBusy(true);
    setProblem(undefined);
    try {
      if (blocked) return await tokens.renewHere();
      await tokens.renew();
      desk.wake();
    } catch (thrown) {
      const { errorCode } = thrown as { errorCode?: string };
      // What only this window has would be lost by leaving it.
      if (errorCode === 'popup_window_error' && keeping.state === 'kept') setBlocked(true);
      setProblem(reason(thrown, errorCode));
    } finally {
      setBusy(false);
    }
  }

  return { renew, busy, problem, button: blocked ? 'Sign in in this window' : 'Sign in again' };
}

function reason(thrown: unknown, code: string | undefined): string {
  if (thrown instanceof OtherPerson)
    return `That was ${thrown.other}. This desk is ${thrown.expected}’s: sign in as ${thrown.expected}, or sign out first.`;
  switch (code) {
    case 'popup_window_error':
      return 'The browser kept the sign-in window from opening. Allow it for this page; nothing you wrote is lost.';
    case 'user_cancelled':
    case 'access_denied':
      return 'The sign-in was closed before it was done. Nothing you wrote is lost.';
    default:
      return 'That did not succeed. Try again; nothing you wrote is lost.';
  }
}
