import { useDesk } from '../../desk/desk-context.ts';
import { useReadable } from '../../desk/hooks.ts';
import { Banner } from '../../ui/banner.tsx';
import { keepingWords } from './keeping-words.ts';

/** Says when what is written here would not survive the window. */
export function KeepingBanner() {
  const desk = useDesk();
  const words = keepingWords(useReadable(desk.keeping));
  return words === undefined ? null : <Banner tone="warn">{words}</Banner>;
}
