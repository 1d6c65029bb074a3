import { useSession } from '../../desk/desk-context.ts';
import { Banner } from '../../ui/banner.tsx';
import { botDownWords } from './fault-words.ts';

/** One line for each bot that does not answer. */
export function BotsDown() {
  const { bots } = useSession();
  return bots.map((bot) => {
    const words = botDownWords(bot);
    return words === undefined ? null : (
      <Banner key={bot.id} tone="warn">
        {words}
      </Banner>
    );
  });
}
