import { asDeskError } from '@parley/client';
import { useState } from 'react';
import { useDesk } from '../../desk/desk-context.ts';
import { useNotices } from '../../ui/notices.tsx';
import { sentence } from '../../words/sentence.ts';

export type ExportFormat = 'json' | 'text' | 'transcript';

export const exportFormats: readonly { format: ExportFormat; name: string; ending: string }[] = [
  { format: 'text', name: 'Text', ending: 'txt' },
  { format: 'json', name: 'JSON, everything', ending: 'json' },
  { format: 'transcript', name: 'Bot Framework .transcript', ending: 'transcript' },
];

/** Saves a conversation as a file, under the name the desk gives it. */
export function useExport(id: string): { save: (format: ExportFormat) => Promise<void>; saving: boolean } {
  const desk = useDesk();
  const notify = useNotices();
  const [saving, setSaving] = useState(false);
  return {
    saving,
    async save(format) {
      setSaving(true);
      try {
        const {
          name = `${id}.${exportFormats.find((each) => each.format === format)?.ending}`,
          type,
          text,
        } = await desk.api.export(id, { format });
        download(name, new Blob([text], { type }));
        notify({ tone: 'good', text: `Saved as ${name}.` });
      } catch (thrown) {
        notify({ tone: 'bad', text: `It could not be exported. ${sentence(asDeskError(thrown), desk.now())}` });
      } finally {
        setSaving(false);
      }
    },
  };
}

function download(name: string, blob: Blob): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken it by then; before, some lose the file.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
