/** Where links into the console of AWS lie. */
export const CONSOLE_PATH = '/console';
export const GO_PATH = '/go';
