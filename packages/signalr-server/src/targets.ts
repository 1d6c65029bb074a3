/**
 * Whom a message is for, as plain data: a backplane can carry it to other instances, each of which resolves it
 * against its own connections.
 */
export type Target =
  | { readonly kind: 'all'; readonly except: ReadonlySet<string> }
  | { readonly kind: 'connections'; readonly ids: readonly string[] }
  | { readonly kind: 'users'; readonly ids: readonly string[] }
  | {
      readonly kind: 'groups';
      readonly names: readonly string[];
      /** Connection ids that are left out. */
      readonly except: ReadonlySet<string>;
      /** Members of these groups are left out. */
      readonly exceptGroups: readonly string[];
    };
