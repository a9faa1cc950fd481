/**
 * Favourites and uses of roles. Nothing in it decides about access, so its rows are plain; what a
 * writer of the database puts there is a name that the policy does not know, or is left out.
 */
import { isRegion } from '../core/partitions.ts';
import type { RoleUses } from '../core/ports.ts';
import { isAccountId, isRoleName } from '../core/role.ts';
import { MOST_FAVOURITES, type RoleUse } from '../core/role-use.ts';
import type { Database, Row } from './database.ts';

const MOST_READ = 500;

const NOTE = `INSERT INTO role_uses (person, account, role, uses, used_at, region)
  VALUES ($1, $2, $3, 1, $4, $5)
  ON CONFLICT (person, account, role) DO UPDATE SET
    uses = role_uses.uses + 1,
    used_at = CASE WHEN role_uses.used_at < excluded.used_at
      THEN excluded.used_at ELSE role_uses.used_at END,
    region = COALESCE(excluded.region, role_uses.region)`;

const ADD_FAVOURITE = `INSERT INTO role_uses (person, account, role, uses, used_at, favourite_at)
  SELECT $1, $2, $3, 0, 0, $4
  WHERE (SELECT COUNT(*) FROM role_uses
    WHERE person = $1 AND favourite_at IS NOT NULL AND NOT (account = $2 AND role = $3)) < $5
  ON CONFLICT (person, account, role) DO UPDATE SET
    favourite_at = COALESCE(role_uses.favourite_at, excluded.favourite_at)
  RETURNING 1 AS kept`;

export function createRoleUses(database: Database): RoleUses {
  return {
    of: async person => {
      const rows = await database.rows(
        `SELECT account, role, uses, used_at, region, favourite_at FROM role_uses WHERE person = $1
         ORDER BY (favourite_at IS NULL), used_at DESC, account, role LIMIT ${MOST_READ}`,
        [person],
      );
      return rows
        .flatMap(row => useIn(row) ?? [])
        .toSorted((a, b) => (b.usedAt ?? 0) - (a.usedAt ?? 0));
    },
    note: async (person, { account, role, at, region }) => {
      await database.rows(NOTE, [person, account, role, at, region ?? null]);
    },
    addFavourite: async (person, { account, role, at }) => {
      const kept = await database.rows(ADD_FAVOURITE, [person, account, role, at, MOST_FAVOURITES]);
      return kept.length > 0;
    },
    removeFavourite: async (person, { account, role }) => {
      await database.rows(
        `UPDATE role_uses SET favourite_at = NULL
         WHERE person = $1 AND account = $2 AND role = $3`,
        [person, account, role],
      );
    },
  };
}

function useIn({ account, role, uses, used_at, region, favourite_at }: Row): RoleUse | undefined {
  const [id, name] = [String(account), String(role)];
  if (!isAccountId(id) || !isRoleName(name)) return undefined;
  const count = Number(uses);
  return {
    account: id,
    role: name,
    isFavourite: favourite_at !== null,
    uses: count,
    ...(count > 0 && { usedAt: Number(used_at) }),
    ...(region !== null && isRegion(String(region)) && { region: String(region) }),
  };
}
