// Lists of what happened, newest first, that grow while they are shown. An id is given once and ids only rise, so a
// place is found by halving, and a thousand messages a second cost no sort.

/** Orders two ids, which are decimal digits, by their number: negative when the first is less. */
export function compareIds(left: string, right: string): number {
  if (left.length !== right.length) return left.length - right.length;
  return left < right ? -1 : left > right ? 1 : 0;
}

export class Newest<T> {
  private readonly list: T[] = [];

  /** `compare` orders two of them, the older first; `most` are kept. */
  constructor(
    private readonly compare: (left: T, right: T) => number,
    private readonly most: number,
  ) {}

  /** A copy, newest first. */
  get items(): readonly T[] {
    return [...this.list];
  }

  /** Takes one in; it replaces what is the same, unless `keep` says that what is there is better. */
  put(item: T, keep?: (known: T) => boolean): void {
    let low = 0;
    let high = this.list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.compare(this.list[middle] as T, item) > 0) low = middle + 1;
      else high = middle;
    }
    const known = this.list[low];
    if (known === undefined || this.compare(known, item) !== 0) this.list.splice(low, 0, item);
    else if (!keep?.(known)) this.list[low] = item;
    if (this.list.length > this.most) this.list.pop();
  }

  clear(): void {
    this.list.length = 0;
  }
}
