export interface LoaderWords {
  readonly open: string;
  readonly close: string;
  readonly loading: string;
  readonly failed: string;
  readonly retry: string;
  readonly unread: (count: number) => string;
}

export function wordsFor(locale: string): LoaderWords {
  return words[locale.slice(0, 2).toLowerCase()] ?? english;
}

const english: LoaderWords = {
  open: 'Open chat',
  close: 'Close chat',
  loading: 'Opening the chat …',
  failed: 'The chat could not be opened.',
  retry: 'Try again',
  unread: (count) => (count === 1 ? '1 new message' : `${count} new messages`),
};

const words: Readonly<Record<string, LoaderWords>> = {
  de: {
    open: 'Chat öffnen',
    close: 'Chat schließen',
    loading: 'Der Chat wird geöffnet …',
    failed: 'Der Chat konnte nicht geöffnet werden.',
    retry: 'Erneut versuchen',
    unread: (count) => (count === 1 ? '1 neue Nachricht' : `${count} neue Nachrichten`),
  },
  es: {
    open: 'Abrir el chat',
    close: 'Cerrar el chat',
    loading: 'Abriendo el chat …',
    failed: 'No se pudo abrir el chat.',
    retry: 'Intentar de nuevo',
    unread: (count) => (count === 1 ? '1 mensaje nuevo' : `${count} mensajes nuevos`),
  },
  fr: {
    open: 'Ouvrir le chat',
    close: 'Fermer le chat',
    loading: 'Ouverture du chat …',
    failed: 'Le chat n’a pas pu s’ouvrir.',
    retry: 'Réessayer',
    unread: (count) => (count === 1 ? '1 nouveau message' : `${count} nouveaux messages`),
  },
};
