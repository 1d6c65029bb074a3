import type { Conversation } from '@parley/contracts';
import { useSession } from '../../desk/desk-context.ts';
import { useConversation } from '../../desk/hooks.ts';
import { Banner } from '../../ui/banner.tsx';
import { botDownWords, whereaboutsWords } from './fault-words.ts';

/** What is not as it should be with this conversation, above its thread. */
export function ConversationNotices({ id, head }: { id: string; head: Conversation | undefined }) {
  const { bots, me } = useSession();
  const { log } = useConversation(id);
  if (head === undefined || head.holder.state === 'closed') return null;
  const down = botDownWords(bots.find((bot) => bot.id === head.bot.id));
  const whereabouts = whereaboutsWords(head, log?.entries ?? [], me.id);
  return (
    <>
      {down !== undefined && <Banner tone="warn">{down}</Banner>}
      {whereabouts !== undefined && <Banner tone="info">{whereabouts}</Banner>}
    </>
  );
}
