import { Button } from '@fluentui/react-components';
import { useDesk } from '../../desk/desk-context.ts';
import { useReadable } from '../../desk/hooks.ts';
import { Banner } from '../../ui/banner.tsx';
import type { Tokens } from './sign-in.ts';
import { useRenewal } from './use-renewal.ts';

/** Asks for a new sign-in without taking the page away: drafts stay, replies wait. */
export function RenewalBanner({ tokens }: { tokens: Tokens }) {
  const { renew, busy, problem, button } = useRenewal(tokens, useDesk());
  if (!useReadable(tokens.needed)) return null;
  return (
    <Banner
      tone="warn"
      action={
        <Button disabledFocusable={busy} onClick={() => void renew()}>
          {button}
        </Button>
      }
    >
      {problem ?? 'Your sign-in has expired. Keep writing: what you write stays here and goes out when you are back.'}
    </Banner>
  );
}
