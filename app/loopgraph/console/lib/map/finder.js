// Which version is meant: the one under a pointer, or the next in a direction.

const CELL = 64; // px of the map
const MOST_ROWS = 2 ** 26; // of cells, to either side of the middle

/** A cell by its number, which is found faster than by a text. @param {number} column @param {number} row */
const cellOf = (column, row) => column * 2 * MOST_ROWS + row;

export class Finder {
  /** @param {Float32Array} x @param {Float32Array} y */
  constructor(x, y) {
    this.x = x;
    this.y = y;
    /** @type {Map<number, number[]>} */
    this.cells = new Map();
    for (let at = 0; at < x.length; at += 1) {
      const key = cellOf(Math.floor(x[at] / CELL), Math.floor(y[at] / CELL));
      const cell = this.cells.get(key);
      if (cell) cell.push(at);
      else this.cells.set(key, [at]);
    }
  }

  /** The version nearest to a place, -1 if none is within `most`. @param {number} x @param {number} y @param {number} most */
  nearest(x, y, most) {
    let [found, least] = [-1, most];
    /** @param {number} at */
    const look = (at) => {
      const away = Math.hypot(this.x[at] - x, this.y[at] - y);
      if (away <= least) [found, least] = [at, away];
    };
    if (most > CELL * 8) this.x.forEach((_, at) => look(at));
    else {
      for (let column = Math.floor((x - most) / CELL); column <= Math.floor((x + most) / CELL); column += 1) {
        for (let row = Math.floor((y - most) / CELL); row <= Math.floor((y + most) / CELL); row += 1) this.cells.get(cellOf(column, row))?.forEach(look);
      }
    }
    return found;
  }

  /** The version that lies next in a direction, -1 if none does. What lies aside counts as twice as far.
   * @param {number} from @param {number} dx -1, 0 or 1 @param {number} dy */
  towards(from, dx, dy) {
    let [found, least] = [-1, Infinity];
    for (let at = 0; at < this.x.length; at += 1) {
      const [ahead, aside] = [dx ? (this.x[at] - this.x[from]) * dx : (this.y[at] - this.y[from]) * dy, dx ? this.y[at] - this.y[from] : this.x[at] - this.x[from]];
      if (ahead <= 0 || Math.abs(aside) > 2 * ahead) continue;
      const away = ahead + 2 * Math.abs(aside);
      if (away < least) [found, least] = [at, away];
    }
    return found;
  }
}
