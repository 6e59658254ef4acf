/** The one error type that crosses the control interface. Switch on `code`; `message` is for people. */
import type { ControlFault } from './control.ts';

export class ControlError extends Error {
  override readonly name = 'ControlError';
  readonly code: ControlFault['code'];

  constructor(code: ControlFault['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
