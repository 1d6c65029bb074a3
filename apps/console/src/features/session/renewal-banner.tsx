import { Button } from '@fluentui/react-components';
import { useState } from 'react';
import { useDesk } from '../../desk/desk-context.ts';
import { useReadable } from '../../desk/hooks.ts';
import { Banner } from '../../ui/banner.tsx';
import type { Tokens } from './sign-in.ts';

/** Asks for a new sign-in without taking the page away: drafts stay, replies wait. */
export function RenewalBanner({ tokens }: { tokens: Tokens }) {
  const desk = useDesk();
  const needed = useReadable(tokens.needed);
  const [problem, setProblem] = useState<string>();
  if (!needed) return null;

  async function renew() {
    setProblem(undefined);
    try {
      await tokens.renew();
      desk.wake();
    } catch (thrown) {
      const blocked = (thrown as { errorCode?: string }).errorCode === 'popup_window_error';
      setProblem(
        blocked
          ? 'The browser kept the sign-in window from opening. Allow pop-ups for this page and try again.'
          : 'That did not succeed. Try again.',
      );
    }
  }

  return (
    <Banner tone="warn" action={<Button onClick={() => void renew()}>Sign in again</Button>}>
      {problem ?? 'Your sign-in has expired. Keep writing: what you write stays here and goes out when you are back.'}
    </Banner>
  );
}
