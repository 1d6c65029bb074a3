/** Everything the chat page says in its own words. What stands in the transcript's frame is Web Chat's, and localised there. */
export interface Words {
  readonly assistant: string;
  readonly waiting: string;
  readonly talkingTo: (name: string) => string;
  readonly connecting: string;
  readonly cannotConnect: string;
  readonly refused: string;
  readonly reconnecting: string;
  readonly offline: string;
  readonly gone: string;
  readonly ended: string;
  readonly retry: string;
  readonly startAgain: string;
  readonly more: string;
  readonly minimise: string;
  readonly save: string;
  readonly end: string;
  readonly endQuestion: string;
  readonly endExplained: string;
  readonly cancel: string;
  readonly joined: (name: string) => string;
  readonly finished: (name: string) => string;
  readonly rate: (name: string | undefined) => string;
  readonly stars: readonly [string, string, string, string, string];
  readonly comment: string;
  readonly send: string;
  readonly skip: string;
  readonly thanks: string;
  readonly write: string;
  readonly you: string;
  readonly saidBy: (name: string) => string;
}

export function wordsFor(locale: string): Words {
  return words[locale.slice(0, 2).toLowerCase()] ?? english;
}

const english: Words = {
  assistant: 'Automated assistant',
  waiting: 'Waiting for a person, you can go on writing',
  talkingTo: (name) => `You are talking to ${name}`,
  connecting: 'Connecting …',
  cannotConnect: 'The chat cannot connect at the moment.',
  refused: 'The chat was refused. Reload the page, or start a new chat.',
  reconnecting: 'The connection was lost. Reconnecting …',
  offline: 'You are offline. Messages will go when you are back.',
  gone: 'This chat has ended.',
  ended: 'You have ended the chat.',
  retry: 'Try again',
  startAgain: 'Start a new chat',
  more: 'More',
  minimise: 'Minimise chat',
  save: 'Save as text',
  end: 'End chat',
  endQuestion: 'End this chat?',
  endExplained: 'The conversation is closed and cannot be continued. You can start a new one at any time.',
  cancel: 'Go on chatting',
  joined: (name) => `${name} has joined`,
  finished: (name) => `${name} has left`,
  rate: (name) => (name ? `How was your chat with ${name}?` : 'How was your chat?'),
  stars: ['Very poor', 'Poor', 'Fair', 'Good', 'Very good'],
  comment: 'Anything to add? (optional)',
  send: 'Send rating',
  skip: 'Not now',
  thanks: 'Thank you for your rating.',
  write: 'Write a message',
  you: 'You',
  saidBy: (name) => `${name} said:`,
};

const words: Readonly<Record<string, Words>> = {
  de: {
    assistant: 'Automatischer Assistent',
    waiting: 'Sie warten auf eine Person und können weiterschreiben',
    talkingTo: (name) => `Sie sprechen mit ${name}`,
    connecting: 'Verbindung wird aufgebaut …',
    cannotConnect: 'Der Chat kann sich gerade nicht verbinden.',
    refused: 'Der Chat wurde abgelehnt. Laden Sie die Seite neu oder beginnen Sie einen neuen Chat.',
    reconnecting: 'Die Verbindung ist unterbrochen und wird wiederhergestellt …',
    offline: 'Sie sind offline. Nachrichten gehen hinaus, sobald Sie wieder verbunden sind.',
    gone: 'Dieser Chat ist beendet.',
    ended: 'Sie haben den Chat beendet.',
    retry: 'Erneut versuchen',
    startAgain: 'Neuen Chat beginnen',
    more: 'Mehr',
    minimise: 'Chat minimieren',
    save: 'Als Text speichern',
    end: 'Chat beenden',
    endQuestion: 'Chat beenden?',
    endExplained:
      'Das Gespräch wird geschlossen und kann nicht fortgesetzt werden. Sie können jederzeit ein neues beginnen.',
    cancel: 'Weiterschreiben',
    joined: (name) => `${name} ist jetzt im Chat`,
    finished: (name) => `${name} hat den Chat verlassen`,
    rate: (name) => (name ? `Wie war Ihr Gespräch mit ${name}?` : 'Wie war Ihr Gespräch?'),
    stars: ['Sehr schlecht', 'Schlecht', 'Mittel', 'Gut', 'Sehr gut'],
    comment: 'Möchten Sie etwas hinzufügen? (freiwillig)',
    send: 'Bewertung senden',
    skip: 'Jetzt nicht',
    thanks: 'Danke für Ihre Bewertung.',
    write: 'Nachricht schreiben',
    you: 'Sie',
    saidBy: (name) => `${name} schrieb:`,
  },
  es: {
    assistant: 'Asistente automático',
    waiting: 'Esperando a una persona; puede seguir escribiendo',
    talkingTo: (name) => `Está hablando con ${name}`,
    connecting: 'Conectando …',
    cannotConnect: 'El chat no se puede conectar en este momento.',
    refused: 'El chat fue rechazado. Recargue la página o empiece un chat nuevo.',
    reconnecting: 'Se perdió la conexión. Reconectando …',
    offline: 'No tiene conexión. Los mensajes se enviarán cuando vuelva.',
    gone: 'Este chat ha terminado.',
    ended: 'Ha terminado el chat.',
    retry: 'Intentar de nuevo',
    startAgain: 'Empezar un chat nuevo',
    more: 'Más',
    minimise: 'Minimizar el chat',
    save: 'Guardar como texto',
    end: 'Terminar el chat',
    endQuestion: '¿Terminar este chat?',
    endExplained: 'La conversación se cierra y no se puede continuar. Puede empezar otra cuando quiera.',
    cancel: 'Seguir en el chat',
    joined: (name) => `${name} se ha unido`,
    finished: (name) => `${name} ha salido`,
    rate: (name) => (name ? `¿Cómo fue su conversación con ${name}?` : '¿Cómo fue su conversación?'),
    stars: ['Muy mala', 'Mala', 'Regular', 'Buena', 'Muy buena'],
    comment: '¿Desea añadir algo? (opcional)',
    send: 'Enviar valoración',
    skip: 'Ahora no',
    thanks: 'Gracias por su valoración.',
    write: 'Escriba un mensaje',
    you: 'Usted',
    saidBy: (name) => `${name} dijo:`,
  },
  fr: {
    assistant: 'Assistant automatique',
    waiting: 'En attente d’une personne ; vous pouvez continuer à écrire',
    talkingTo: (name) => `Vous parlez avec ${name}`,
    connecting: 'Connexion …',
    cannotConnect: 'Le chat ne peut pas se connecter pour le moment.',
    refused: 'Le chat a été refusé. Rechargez la page ou commencez un nouveau chat.',
    reconnecting: 'La connexion est perdue. Reconnexion …',
    offline: 'Vous êtes hors ligne. Les messages partiront à votre retour.',
    gone: 'Ce chat est terminé.',
    ended: 'Vous avez terminé le chat.',
    retry: 'Réessayer',
    startAgain: 'Commencer un nouveau chat',
    more: 'Plus',
    minimise: 'Réduire le chat',
    save: 'Enregistrer en texte',
    end: 'Terminer le chat',
    endQuestion: 'Terminer ce chat ?',
    endExplained:
      'La conversation est fermée et ne peut pas être reprise. Vous pouvez en commencer une autre à tout moment.',
    cancel: 'Continuer le chat',
    joined: (name) => `${name} a rejoint le chat`,
    finished: (name) => `${name} a quitté le chat`,
    rate: (name) => (name ? `Comment s’est passé votre échange avec ${name} ?` : 'Comment s’est passé votre échange ?'),
    stars: ['Très mauvais', 'Mauvais', 'Moyen', 'Bon', 'Très bon'],
    comment: 'Quelque chose à ajouter ? (facultatif)',
    send: 'Envoyer la note',
    skip: 'Pas maintenant',
    thanks: 'Merci pour votre note.',
    write: 'Écrivez un message',
    you: 'Vous',
    saidBy: (name) => `${name} a dit :`,
  },
};
