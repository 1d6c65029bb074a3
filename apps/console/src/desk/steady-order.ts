/**
 * The order to show while somebody points at the list or has focus in it: rows stay where they are, new ones come last,
 * and those that left keep their place as ghosts until the hand is off. Otherwise the true order.
 *
 * @param shown ids as they were shown last
 * @param wanted ids in their true order
 */
export function steadyOrder(
  shown: readonly string[],
  wanted: readonly string[],
  held: boolean,
): { order: string[]; ghosts: string[]; changed: boolean } {
  if (!held) return { order: [...wanted], ghosts: [], changed: false };
  const present = new Set(wanted);
  const before = new Set(shown);
  const order = [...shown, ...wanted.filter((id) => !before.has(id))];
  const ghosts = shown.filter((id) => !present.has(id));
  const visible = order.filter((id) => present.has(id));
  return { order, ghosts, changed: ghosts.length > 0 || visible.some((id, index) => id !== wanted[index]) };
}
