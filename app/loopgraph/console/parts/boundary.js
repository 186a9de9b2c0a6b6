import { Component } from "../vendor/preact.js";
import { html } from "../lib/html.js";
import { Failure } from "./states.js";

/** Keeps a page that fails from taking the others with it. */
export class Boundary extends Component {
  constructor() {
    super();
    /** @type {{error: Error | null}} */
    this.state = { error: null };
  }
  /** @param {Error} error */
  static getDerivedStateFromError(error) {
    return { error };
  }
  render() {
    return this.state.error ? html`<${Failure} error=${this.state.error} />` : this.props.children;
  }
}
