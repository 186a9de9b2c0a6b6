// A map on the page: it is painted when something has changed, moved and zoomed by pointers, and says which version is meant.
import { Finder } from "./finder.js";
import { write } from "./labels.js";
import { colours } from "./look.js";
import { Painter } from "./painter.js";
import { moved, onMap, revealing, whole, zoomed } from "./view.js";

const REACH = 14; // px from a version within which it is meant
const STILL = 4; // px that a pointer moves in a click

/** @typedef {{point: (node: number) => void, choose: (node: number) => void, lost: (is: boolean) => void, painted: () => void}} Told */

export class Stage {
  /** Throws where a browser draws no WebGL.
   * @param {HTMLCanvasElement} scene @param {HTMLCanvasElement} names over it, which takes the pointers
   * @param {Told} told */
  constructor(scene, names, told) {
    this.painter = new Painter(scene);
    this.scene = scene;
    this.names = names;
    this.told = told;
    this.size = { width: 1, height: 1 };
    this.view = { x: 0, y: 0, scale: 1 };
    /** @type {{graph: import("./graph.js").Graph, places: import("./layout.js").Layout} | null} */
    this.shown = null;
    this.finder = new Finder(new Float32Array(), new Float32Array());
    this.chosen = -1;
    this.pointed = -1;
    this.frame = 0;
    this.isFitted = false;
    /** @type {Map<number, {x: number, y: number}>} */
    this.pointers = new Map();
    this.travelled = 0;
    this.ending = new AbortController();
    this.listen();
  }

  listen() {
    const { signal } = this.ending;
    const { names, scene } = this;
    names.addEventListener("pointerdown", (event) => this.pressed(event), { signal });
    names.addEventListener("pointermove", (event) => this.dragged(event), { signal });
    names.addEventListener("pointerup", (event) => this.released(event, true), { signal });
    names.addEventListener("pointercancel", (event) => this.released(event, false), { signal });
    names.addEventListener("pointerleave", () => this.pointers.size || this.told.point(-1), { signal });
    const wheel = (/** @type {WheelEvent} */ event) => {
      event.preventDefault();
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      this.zoom(Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.002)), event.offsetX, event.offsetY);
    };
    names.addEventListener("wheel", wheel, { signal, passive: false });
    scene.addEventListener("webglcontextlost", (event) => (event.preventDefault(), this.told.lost(true)), { signal });
    scene.addEventListener("webglcontextrestored", () => this.restored(), { signal });
    const again = () => this.paint();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again, { signal });
    this.themed = new MutationObserver(again);
    this.themed.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    this.resized = new ResizeObserver(() => this.resize());
    this.resized.observe(names);
    this.resize();
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.names;
    if (!width || !height) return;
    this.size = { width, height };
    for (const canvas of [this.scene, this.names]) {
      canvas.width = Math.round(width * devicePixelRatio);
      canvas.height = Math.round(height * devicePixelRatio);
    }
    if (!this.isFitted) this.fit();
    this.paint();
  }

  /** Shows a graph; `whole_`: all of it, else what is seen stays where it is.
   * @param {import("./graph.js").Graph} graph @param {import("./layout.js").Layout} places @param {boolean} whole_ */
  show(graph, places, whole_) {
    this.shown = { graph, places };
    this.finder = new Finder(places.x, places.y);
    this.painter.show(graph, places);
    if (whole_ || !this.isFitted) this.fit();
    this.paint();
  }

  /** Which versions are chosen and pointed at; -1: none. @param {number} chosen @param {number} pointed */
  mark(chosen, pointed) {
    [this.chosen, this.pointed] = [chosen, pointed];
    this.paint();
  }

  fit() {
    if (!this.shown) return;
    this.view = whole(this.shown.places.x, this.shown.places.y, this.size);
    this.isFitted = true;
    this.paint();
  }

  /** @param {number} factor @param {number} [px] @param {number} [py] */
  zoom(factor, px = this.size.width / 2, py = this.size.height / 2) {
    this.view = zoomed(this.view, this.size, factor, px, py);
    this.isFitted = true;
    this.paint();
  }

  /** @param {number} dx px @param {number} dy px */
  pan(dx, dy) {
    this.view = moved(this.view, dx, dy);
    this.paint();
  }

  /** @param {number} node */
  reveal(node) {
    if (!this.shown || node < 0) return;
    this.view = revealing(this.view, this.size, this.shown.places.x[node], this.shown.places.y[node]);
    this.paint();
  }

  paint() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      if (!this.shown) return;
      const { view, size, shown, chosen, pointed } = this;
      this.painter.draw(view, size, devicePixelRatio, colours(this.scene));
      write(this.names, view, size, devicePixelRatio, { ...shown, chosen, pointed });
      this.told.painted();
    });
  }

  restored() {
    this.painter.build();
    if (this.shown) this.painter.show(this.shown.graph, this.shown.places);
    this.told.lost(false);
    this.paint();
  }

  /** @param {PointerEvent} event */
  meant(event) {
    const [x, y] = onMap(this.view, this.size, event.offsetX, event.offsetY);
    return this.finder.nearest(x, y, REACH / this.view.scale);
  }

  /** @param {PointerEvent} event */
  pressed(event) {
    if (event.button !== 0) return;
    this.names.setPointerCapture(event.pointerId);
    if (!this.pointers.size) this.travelled = 0;
    this.pointers.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
  }

  /** One pointer moves the map, two zoom it. @param {PointerEvent} event */
  dragged(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) {
      if (event.pointerType !== "touch") this.told.point(this.meant(event));
      return;
    }
    const now = { x: event.offsetX, y: event.offsetY };
    const [dx, dy] = [now.x - before.x, now.y - before.y];
    this.travelled += Math.hypot(dx, dy);
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.pointers.set(event.pointerId, now);
    if (other) {
      const far = (/** @type {{x: number, y: number}} */ one) => Math.max(1, Math.hypot(one.x - other.x, one.y - other.y));
      this.zoom(far(now) / far(before), other.x, other.y);
    } else if (this.travelled > STILL) this.pan(dx, dy);
  }

  /** @param {PointerEvent} event @param {boolean} isClick */
  released(event, isClick) {
    if (!this.pointers.delete(event.pointerId) || this.pointers.size) return;
    const node = isClick && this.travelled <= STILL ? this.meant(event) : -1;
    if (node >= 0) this.told.choose(node);
  }

  end() {
    this.ending.abort();
    this.themed?.disconnect();
    this.resized?.disconnect();
    cancelAnimationFrame(this.frame);
    this.painter.release();
  }
}
