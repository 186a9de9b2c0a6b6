// Draws a map with WebGL: all edges in one call, all versions in another.
import { EDGES, KINDS, MARKS, TYPES, kindOf } from "./look.js";
import { radius } from "./view.js";

const STEPS = 12; // straight pieces of a curve
const ALONG = [0, 0, 1, 1, 0, 1]; // of each corner of the two triangles of a piece: how far along it is
const ASIDE = [1, -1, 1, 1, -1, -1]; // and on which side
const VALUES = 7; // of a corner: how far along the edge, on which side, both ends of the edge, its type

const EDGE_SHAPE = `#version 300 es
layout(location = 0) in vec2 corner;
layout(location = 1) in vec4 ends;
layout(location = 2) in float kind;
uniform vec2 middle, size;
uniform float scale, thick, column, ratio;
uniform vec3 colours[${TYPES.length}];
uniform vec3 strokes[${TYPES.length}];
out float along, aside;
flat out vec2 dash;
flat out vec4 colour;
flat out float half_;
void main() {
  vec2 a = ends.xy, b = ends.zw;
  float bend = clamp(abs(b.x - a.x) / 2.0, 14.0, 60.0);
  float over = a.y == b.y && abs(b.x - a.x) > 1.5 * column ? -18.0 : 0.0;
  vec2 c = a + vec2(bend, over), d = b + vec2(-bend, over);
  float t = corner.x, s = 1.0 - t;
  vec2 point = s * s * s * a + 3.0 * s * s * t * c + 3.0 * s * t * t * d + t * t * t * b;
  vec2 way = 3.0 * s * s * (c - a) + 6.0 * s * t * (d - c) + 3.0 * t * t * (b - d);
  vec2 across = length(way) > 0.0 ? normalize(vec2(-way.y, way.x)) : vec2(0.0, 1.0);
  int type = int(kind);
  float wide = strokes[type].z * thick;
  half_ = max(wide, 1.0) / 2.0;
  aside = corner.y * (half_ + 0.75);
  vec2 at = (point - middle) * scale + size / 2.0 + across * aside;
  gl_Position = vec4(at / size * vec2(2.0, -2.0) + vec2(-1.0, 1.0), 0.0, 1.0);
  along = t * length(b - a) * scale;
  dash = strokes[type].xy;
  bool folded = b.x < a.x && type != ${TYPES.indexOf("RELATED_TO")}; // what came of another version is to its right, but for folds
  colour = vec4(colours[type], min(1.0, wide) * (folded ? 0.3 : 1.0));
}`;

const EDGE_COLOUR = `#version 300 es
precision highp float;
in float along, aside;
flat in vec2 dash;
flat in vec4 colour;
flat in float half_;
uniform float ratio;
out vec4 painted;
void main() {
  if (dash.y > 0.0 && mod(along, dash.x + dash.y) > dash.x) discard;
  float alpha = colour.a * clamp((half_ - abs(aside)) * ratio + 0.5, 0.0, 1.0);
  painted = vec4(colour.rgb * alpha, alpha);
}`;

const VERSION_SHAPE = `#version 300 es
layout(location = 0) in vec2 place;
layout(location = 1) in float kind;
uniform vec2 middle, size;
uniform float scale, wide, ratio;
uniform vec3 colours[${KINDS.length}];
uniform float forms[${KINDS.length}];
flat out float form;
flat out vec3 colour;
void main() {
  vec2 at = (place - middle) * scale + size / 2.0;
  gl_Position = vec4(at / size * vec2(2.0, -2.0) + vec2(-1.0, 1.0), 0.0, 1.0);
  gl_PointSize = (2.0 * wide + 2.0) * ratio;
  form = forms[int(kind)];
  colour = colours[int(kind)];
}`;

const VERSION_COLOUR = `#version 300 es
precision highp float;
flat in float form;
flat in vec3 colour;
uniform vec3 ground;
uniform float wide;
out vec4 painted;
void main() {
  vec2 from = (gl_PointCoord - 0.5) * (2.0 * wide + 2.0);
  float away = length(from);
  float edge = clamp(wide - away + 0.5, 0.0, 1.0);
  float ring = clamp(away - (wide - max(1.0, wide * 0.28)) + 0.5, 0.0, 1.0);
  float filled = form < 0.5 ? 1.0 : ring;
  if (form > 1.5 && form < 2.5) filled = max(filled, clamp(wide * 0.3 - away + 0.5, 0.0, 1.0));
  if (form > 2.5) filled = max(filled, clamp(wide * 0.18 - abs(from.y) + 0.5, 0.0, 1.0));
  painted = vec4(mix(ground, colour, filled) * edge, edge);
}`;

export class Painter {
  /** Throws where a browser draws no WebGL. @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    const gl = canvas.getContext("webgl2", { alpha: true, antialias: false, premultipliedAlpha: true });
    if (!gl) throw new Error("WebGL is not there");
    this.canvas = canvas;
    this.gl = gl;
    this.counts = { corners: 0, versions: 0 };
    this.column = 1;
    this.build();
  }

  /** Programs and buffers: once, and again when the browser has lost them. */
  build() {
    const { gl } = this;
    this.edgeProgram = program(gl, EDGE_SHAPE, EDGE_COLOUR);
    this.versionProgram = program(gl, VERSION_SHAPE, VERSION_COLOUR);
    this.edges = gl.createVertexArray();
    gl.bindVertexArray(this.edges);
    this.corners = attributes(gl, [2, 4, 1]);
    this.versions = gl.createVertexArray();
    gl.bindVertexArray(this.versions);
    this.places = attributes(gl, [2, 1]);
    gl.bindVertexArray(null);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  }

  /** @param {import("./graph.js").Graph} graph @param {import("./layout.js").Layout} places */
  show({ versions, types, drawn: { from, to } }, { x, y, column }) {
    const { gl } = this;
    this.column = column;
    // Each corner has the whole edge: instances of one form would be less to keep, and are slow where a processor draws by itself.
    // These are millions of numbers: nothing else is made on the way to them.
    const pieces = Uint8Array.from(types, (_, edge) => (y[from[edge]] === y[to[edge]] && Math.abs(x[to[edge]] - x[from[edge]]) <= 1.5 * column ? 1 : STEPS));
    const corners = new Float32Array(pieces.reduce((sum, one) => sum + one, 0) * ALONG.length * VALUES);
    let at = 0;
    for (let edge = 0; edge < pieces.length; edge += 1) {
      const count = pieces[edge];
      const kind = Math.max(0, TYPES.indexOf(types[edge]));
      const ax = x[from[edge]];
      const ay = y[from[edge]];
      const bx = x[to[edge]];
      const by = y[to[edge]];
      for (let piece = 0; piece < count; piece += 1) {
        for (let corner = 0; corner < ALONG.length; corner += 1) {
          corners[at] = (piece + ALONG[corner]) / count;
          corners[at + 1] = ASIDE[corner];
          corners[at + 2] = ax;
          corners[at + 3] = ay;
          corners[at + 4] = bx;
          corners[at + 5] = by;
          corners[at + 6] = kind;
          at += VALUES;
        }
      }
    }
    const places = new Float32Array(x.length * 3);
    for (let node = 0; node < x.length; node += 1) {
      places[node * 3] = x[node];
      places[node * 3 + 1] = y[node];
      places[node * 3 + 2] = KINDS.indexOf(kindOf(versions[node]));
    }
    fill(gl, this.corners, corners);
    fill(gl, this.places, places);
    this.counts = { corners: corners.length / VALUES, versions: x.length };
  }

  /** @param {import("./view.js").View} view @param {import("./view.js").Size} size @param {number} ratio device pixels to a CSS pixel
   * @param {(token: string) => [number, number, number]} colour */
  draw(view, size, ratio, colour) {
    const { gl, edgeProgram, versionProgram } = this;
    gl.viewport(0, 0, this.canvas.width, this.canvas.height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    /** @param {WebGLProgram | null | undefined} of @returns {(name: string) => WebGLUniformLocation | null} */
    const use = (of) => {
      gl.useProgram(of ?? null);
      const at = (/** @type {string} */ name) => gl.getUniformLocation(/** @type {WebGLProgram} */ (of), name);
      gl.uniform2f(at("middle"), view.x, view.y);
      gl.uniform2f(at("size"), size.width, size.height);
      gl.uniform1f(at("scale"), view.scale);
      return at;
    };
    let at = use(edgeProgram);
    gl.uniform1f(at("thick"), Math.min(1, Math.max(0.25, view.scale * 1.6)));
    gl.uniform1f(at("column"), this.column);
    gl.uniform1f(at("ratio"), ratio);
    gl.uniform3fv(at("colours"), TYPES.flatMap((type) => colour(EDGES[type].colour)));
    gl.uniform3fv(at("strokes"), TYPES.flatMap((type) => [...EDGES[type].dash, EDGES[type].width]));
    gl.bindVertexArray(this.edges ?? null);
    gl.drawArrays(gl.TRIANGLES, 0, this.counts.corners);
    at = use(versionProgram);
    gl.uniform1f(at("wide"), radius(view));
    gl.uniform1f(at("ratio"), ratio);
    gl.uniform3fv(at("ground"), colour("--surface"));
    gl.uniform3fv(at("colours"), KINDS.flatMap((kind) => colour(MARKS[kind].colour)));
    gl.uniform1fv(at("forms"), KINDS.map((kind) => MARKS[kind].form));
    gl.bindVertexArray(this.versions ?? null);
    gl.drawArrays(gl.POINTS, 0, this.counts.versions);
    gl.bindVertexArray(null);
  }

  /** Gives back what the graphics processor keeps: a page can have few of these at a time. */
  release() {
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }
}

/** @param {WebGL2RenderingContext} gl @param {string} shape @param {string} colour */
function program(gl, shape, colour) {
  const made = gl.createProgram();
  for (const [kind, text] of /** @type {[number, string][]} */ ([[gl.VERTEX_SHADER, shape], [gl.FRAGMENT_SHADER, colour]])) {
    const shader = /** @type {WebGLShader} */ (gl.createShader(kind));
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(made, shader);
  }
  gl.linkProgram(made);
  if (!gl.getProgramParameter(made, gl.LINK_STATUS) && !gl.isContextLost()) throw new Error(`WebGL took no program: ${gl.getProgramInfoLog(made)}`);
  return made;
}

/** A buffer of attributes that lie side by side. @param {WebGL2RenderingContext} gl @param {number[]} sizes */
function attributes(gl, sizes) {
  const buffer = gl.createBuffer();
  gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
  const all = sizes.reduce((sum, size) => sum + size, 0) * Float32Array.BYTES_PER_ELEMENT;
  let begin = 0;
  sizes.forEach((size, at) => {
    gl.enableVertexAttribArray(at);
    gl.vertexAttribPointer(at, size, gl.FLOAT, false, all, begin);
    begin += size * Float32Array.BYTES_PER_ELEMENT;
  });
  return buffer;
}

/** @param {WebGL2RenderingContext} gl @param {WebGLBuffer | null | undefined} buffer @param {Float32Array} values */
function fill(gl, buffer, values) {
  gl.bindBuffer(gl.ARRAY_BUFFER, buffer ?? null);
  gl.bufferData(gl.ARRAY_BUFFER, values, gl.STATIC_DRAW);
}
