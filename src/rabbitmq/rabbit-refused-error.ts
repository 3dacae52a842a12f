/* RabbitRefusedError: what RabbitMQ says no with, as an error. */
import { HomemakerError } from "../protocol/homemaker-error.ts";

/** The code of a refusal. */
export type RabbitRefusalCode =
  | "HM_OUT_OF_MEMORY"
  | "HM_TUBE_FULL"
  | "HM_JOB_TOO_BIG"
  | "HM_RABBITMQ_REFUSED";

/** RabbitMQ did not do it. */
export class RabbitRefusedError extends HomemakerError {
  override readonly name = "RabbitRefusedError";
  readonly code: RabbitRefusalCode;

  constructor(code: RabbitRefusalCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
