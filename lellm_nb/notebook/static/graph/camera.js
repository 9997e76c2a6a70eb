// @ts-check
/** Where the picture of a graph stands behind its window, and how big: numbers alone. */

const MARGIN = 18;
/** Room at the top for the ribbon, so that it never covers a node at rest. */
const ABOVE = 44;
/** In less height than this every pixel is the graph's. */
const ROOMY = 260;
const LARGEST = 1.15;
/** A level that was asked for may come nearer. */
const CLOSE = 1.6;
const SMALLEST = 0.02;
/** How far a place may be outside and still be drawn. */
const AROUND = 60;
/** Below `FULL` a node has its name alone, in larger letters; below `READABLE` not even that is read. */
export const FULL = 0.72;
export const READABLE = 0.42;

export class Camera {
  constructor() {
    this.x = 0;
    this.y = 0;
    /** How big a unit of the picture is, in pixels. */
    this.k = 1;
    /** The size of the window, as last told: asking for it costs a layout. */
    this.w = 0;
    this.h = 0;
  }

  /** The room at the top. */
  get above() {
    return this.h < ROOMY ? MARGIN : ABOVE;
  }

  /** Whether a place in the picture is in the window, or nearly. @param {Place} place */
  sees({ x, y, w, h }) {
    const left = this.x + x * this.k;
    const top = this.y + y * this.k;
    return (
      left < this.w + AROUND && left + w * this.k > -AROUND &&
      top < this.h + AROUND && top + h * this.k > -AROUND
    );
  }

  /**
   * Show a whole picture, or a part of it that can be read where it would be smaller than `smallest`.
   * @param {{ width: number, height: number }} picture
   * @param {number} smallest
   */
  fit({ width, height }, smallest = SMALLEST) {
    const k = Math.min(LARGEST, (this.w - 2 * MARGIN) / width, (this.h - this.above - MARGIN) / height);
    // What can't be read whole is read in part, and then in full.
    this.k = k < smallest ? FULL : k;
    this.x = (this.w - width * this.k) / 2;
    this.y = Math.max((this.h - height * this.k) / 2, this.above);
  }

  /** Show one place as big as it fits. @param {Place} place */
  fitTo({ x, y, w, h }) {
    this.k = Math.max(SMALLEST, Math.min(CLOSE, (this.w - 2 * MARGIN) / w, (this.h - this.above - MARGIN) / h));
    this.x = (this.w - w * this.k) / 2 - x * this.k;
    this.y = Math.max((this.h - h * this.k) / 2, this.above) - y * this.k;
  }

  /**
   * Come nearer or go farther, with one point of the window standing still.
   * @param {number} by
   * @param {number[]} at
   */
  zoom(by, at = [this.w / 2, this.h / 2]) {
    const k = Math.max(SMALLEST, Math.min(3, this.k * by));
    this.x = at[0] - ((at[0] - this.x) * k) / this.k;
    this.y = at[1] - ((at[1] - this.y) * k) / this.k;
    this.k = k;
  }

  /** Bring the middle of a place into the window, if it is not there. @param {Place} place */
  reveal(place) {
    const x = this.x + (place.x + place.w / 2) * this.k;
    const y = this.y + (place.y + place.h / 2) * this.k;
    if (x > 30 && x < this.w - 30 && y > 20 && y < this.h - 20) return false;
    this.x += this.w / 2 - x;
    this.y += this.h / 2 - y;
    return true;
  }

  /**
   * Move so far that a place is not under what covers the window from a corner on.
   * @param {Place} place
   * @param {{ left: number, top: number }} corner
   */
  uncover(place, { left, top }) {
    const x = this.x + place.x * this.k;
    const right = x + place.w * this.k;
    if (right < left || this.y + (place.y + place.h) * this.k < top) return false;
    this.x -= Math.min(right - left + 10, Math.max(0, x - 10));
    return true;
  }
}
