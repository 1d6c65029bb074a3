import { Button } from '@fluentui/react-components';
import { useDesk, useSession } from '../../desk/desk-context.ts';
import { Banner } from '../../ui/banner.tsx';
import { presenceNames } from './presence-menu.tsx';

/** Says why the desk took somebody off, with one click to undo it. */
export function PresenceReason() {
  const desk = useDesk();
  const { presence, can } = useSession();
  if (!can.consult || presence.reason === undefined || presence.state === 'available') return null;
  return (
    <Banner
      tone="warn"
      action={<Button onClick={() => void desk.setPresence('available').catch(() => undefined)}>Go Available</Button>}
    >
      You are {presenceNames[presence.state]}: {presence.reason}
    </Banner>
  );
}
