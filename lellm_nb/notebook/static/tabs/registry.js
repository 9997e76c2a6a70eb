// @ts-check
// generated from lellm_nb/notebook/tabs/registry.py by `make generated`: not to be edited here

import { tab as state } from "./state.js";
import { tab as diff } from "./diff.js";
import { tab as mutations } from "./mutations.js";
import { tab as route } from "./route.js";
import { tab as output } from "./output.js";
import { tab as calls } from "./calls.js";
import { tab as error } from "./error.js";
import { tab as who } from "./who.js";
import { tab as watches } from "./watches.js";
import { tab as branches } from "./branches.js";

/** Every tab, in order. @type {Tab[]} */
export const TABS = [
  { id: "state", name: "State", ...state },
  { id: "diff", name: "Diff", ...diff },
  { id: "mutations", name: "Mutations", ...mutations },
  { id: "route", name: "Route", ...route },
  { id: "output", name: "Output", ...output },
  { id: "calls", name: "Calls", ...calls },
  { id: "error", name: "Error", ...error },
  { id: "who", name: "Who", ...who },
  { id: "watches", name: "Watches", ...watches },
  { id: "branches", name: "Branches", ...branches },
];
