import { Button } from '@fluentui/react-components';
import { useDesk, useSession } from '../../desk/desk-context.ts';
import { Banner } from '../../ui/banner.tsx';
import { requeuedWords } from './fault-words.ts';

/** Tells who comes back late what has become of their conversations. Choosing a presence again says that it was read. */
export function RequeuedBanner() {
  const desk = useDesk();
  const { presence } = useSession();
  if (presence.requeued === undefined) return null;
  return (
    <Banner
      tone="warn"
      action={<Button onClick={() => void desk.setPresence(presence.state).catch(() => undefined)}>Understood</Button>}
    >
      {requeuedWords(presence.requeued)}
    </Banner>
  );
}
