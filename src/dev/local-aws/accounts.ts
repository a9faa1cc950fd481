/** AWS accounts of the world. */
import type { Partition, PartitionName } from './partitions.ts';

export interface Account {
  readonly id: string;
  readonly name: string;
  readonly partition: Partition;
}

/** The account as ARNs name it. */
export function placeOf({ partition, id }: Account): {
  readonly partition: PartitionName;
  readonly account: string;
} {
  return { partition: partition.name, account: id };
}
