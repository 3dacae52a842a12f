/* Rabbit client: what is used of amqplib. Types alone. */
import type { Buffer } from "node:buffer";

/** What goes with a message. */
export interface RabbitProperties {
  readonly messageId?: string;
  readonly correlationId?: string;
  readonly replyTo?: string;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, unknown>> | undefined;
}

/** A message that came. */
export interface RabbitMessage {
  readonly content: Buffer;
  readonly fields: { readonly routingKey: string };
  readonly properties: RabbitProperties;
}

/** A channel. */
export interface RabbitChannel {
  assertQueue(
    name: string,
    options: { readonly durable: boolean; readonly arguments: object },
  ): Promise<unknown>;
  checkQueue(
    name: string,
  ): Promise<{ readonly messageCount: number; readonly consumerCount: number }>;
  consume(
    name: string,
    take: (message: RabbitMessage | null) => void,
    options: { readonly noAck: boolean },
  ): Promise<{ readonly consumerTag: string }>;
  cancel(tag: string): Promise<unknown>;
  prefetch(count: number): Promise<unknown>;
  ack(message: RabbitMessage): void;
  nack(message: RabbitMessage, allUpTo: boolean, requeue: boolean): void;
  close(): Promise<void>;
  on(event: "close", hear: () => void): unknown;
  on(event: "error", hear: (error: Error) => void): unknown;
  on(event: "return", hear: (message: RabbitMessage) => void): unknown;
}

/** A channel on which each message is confirmed. */
export interface RabbitConfirmChannel extends RabbitChannel {
  publish(
    exchange: string,
    key: string,
    content: Buffer,
    options: object,
    confirmed: (error: unknown) => void,
  ): boolean;
}

/** A connection. */
export interface RabbitModel {
  readonly connection: { readonly serverProperties: { readonly version: string } };
  createChannel(): Promise<RabbitChannel>;
  createConfirmChannel(): Promise<RabbitConfirmChannel>;
  close(): Promise<void>;
  on(event: "close", hear: () => void): unknown;
  on(event: "error", hear: (error: Error) => void): unknown;
  on(event: "blocked", hear: (reason: string) => void): unknown;
  on(event: "unblocked", hear: () => void): unknown;
}
