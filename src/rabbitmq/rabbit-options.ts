/* RabbitMQ options: what a user says of a queue in a RabbitMQ. Types alone, none of them amqplib's.
 */

/** A queue in a RabbitMQ. */
export interface RabbitTarget {
  /** Where it is: `amqp://[user:password@]host[:port][/vhost]`, or `amqps://`. */
  readonly rabbitmq: string;
  /** What the names of all queues begin with; `"homemaker"` if absent. */
  readonly prefix?: string;
  /** The longest body; 65,535 bytes if absent. */
  readonly maxJobBytes?: number;
}
