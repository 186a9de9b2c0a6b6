// As much of preact's types as the console needs.
export const h: any;
export const render: (node: any, root: Element) => void;
export const Fragment: any;
export const createContext: (initial: any) => any;
export class Component {
  props: any;
  state: any;
  setState(changed: any): void;
}
