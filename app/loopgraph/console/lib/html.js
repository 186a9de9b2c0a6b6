// One place that knows which view library this is.
import { h, render, Fragment, createContext } from "../vendor/preact.js";
import htm from "../vendor/htm.js";
import { plain } from "./plain.js";

export { render, Fragment, createContext };
export { useEffect, useLayoutEffect, useMemo, useRef, useState, useCallback, useContext, useId } from "../vendor/hooks.js";

/** @param {any} child @returns {any} */
const shown = (child) => (typeof child === "string" ? plain(child) : Array.isArray(child) ? child.map(shown) : child);

/** Markup as a tagged template. Whatever is put into it is text or attributes, never markup, and no text reads as another one. */
export const html = htm.bind((/** @type {any} */ type, /** @type {any} */ props, /** @type {any[]} */ ...children) => h(type, props, ...children.map(shown)));
