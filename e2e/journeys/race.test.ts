import { expect } from 'vitest';
import { bankx, insurance } from '../actors/cast.ts';
import { journey } from '../actors/journey.ts';
import { startTogether } from '../actors/race.ts';
import { sees } from '../actors/eventually.ts';

journey(
  'H4 of two consultants one wins; a transfer carries its comment; the user rates the end',
  [bankx, insurance],
  async (scene) => {
    const { cast } = scene;
    const [user, ana, lukas, marta] = await Promise.all([
      scene.user(),
      scene.consultant(),
      scene.consultant(cast.colleague),
      scene.supervisor(),
    ]);
    await user.opensTheChat();
    const guest = user.nameAtTheDesk;
    await user.escalates(cast.trouble);
    await user.sees(/None of my colleagues is free/);

    const both = [ana, lukas];
    for (const consultant of both) await sees(consultant.row(guest)).toBeVisible();
    await startTogether(
      both.map(({ page }) => page),
      /\/claim$/,
    );
    // The loser is refused, and may not read the conversation any more.
    for (const { witness } of both) witness.tolerates(/status of 40[49]/);
    const told = Promise.any(
      both.map(async (consultant) => {
        const [winner = consultant] = both.filter((other) => other !== consultant);
        await consultant.isToldThat(new RegExp(`^${winner.name} took this .* ago\\.$`));
        return { winner, loser: consultant };
      }),
    );
    await Promise.all(both.map((consultant) => consultant.presses('a')));
    const { winner, loser } = await told;
    await winner.holds(guest);
    await user.talksTo(winner.name);
    await sees(loser.row(guest)).toHaveCount(0);
    await winner.replies(`I am ${winner.name}, let me look.`);
    await user.seesReplyOf(winner.name, `I am ${winner.name}, let me look.`);

    await loser.goesAvailable();
    const comment = 'Wants the card sent to the office';
    await winner.transfersTo(loser.name, comment);
    await user.sees(/I am passing you on to a colleague/);
    await loser.seesOffer(guest, { reason: cast.reason, queue: cast.queue, lines: [] });
    await sees(loser.offerOf(guest)).toContainText(comment);
    await loser.acceptsByKey(guest);
    await loser.seesPinned(comment, winner.name);
    await loser.seesLine(`I am ${winner.name}, let me look.`);
    await user.talksTo(loser.name);
    await loser.replies('It goes to your office.');
    await user.seesReplyOf(loser.name, 'It goes to your office.');
    await user.neverSaw(comment);

    await loser.closes('Resolved', 'Card sent to the office');
    await user.sees(/The conversation with our consultant is finished/);
    await user.rates(5, 'Quick and kind');
    await marta.searches('office');
    await marta.finds(guest);
    await marta.reads(/closed it · Resolved · “Card sent to the office”/);
    // What the bot says about the closing does not open the conversation again.
    await marta.seesOutcome('Resolved');
    await marta.reads(/rated it 5 of 5 · “Quick and kind”/);
    expect((await marta.exports('Text')).text).toContain(`${winner.name} transferred to ${loser.name}: ${comment}`);
  },
);
