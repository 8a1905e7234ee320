/** Makes a span of each request, as OpenTelemetry has them. Arguments: a repository and a tag. */
import { type ClientHooks, createRemoteRepository } from "@berth/client";

type Attributes = Record<string, string | number>;

/** What is used of the type of that name in `@opentelemetry/api`, so that `trace.getTracer("my-tool")` fits. */
interface Tracer {
  startSpan(name: string, options: { readonly kind: number; readonly attributes: Attributes }): Span;
}
interface Span {
  setAttributes(attributes: Attributes): unknown;
  setStatus(status: { readonly code: number; readonly message?: string }): unknown;
  end(): void;
}
const CLIENT = 2; // SpanKind.CLIENT
const ERROR = 2; // SpanStatusCode.ERROR

/** Hooks that make a span of each request, below the span that is active where the client is called. */
function tracingHooks(tracer: Tracer): ClientHooks {
  const spans = new Map<number, Span>();
  return {
    onRequest({ id, operation, method, url }) {
      const attributes = { "http.request.method": method, "url.full": url, "server.address": new URL(url).hostname };
      spans.set(id, tracer.startSpan(`${method} ${operation}`, { kind: CLIENT, attributes }));
    },
    onResponse({ id, status, error }) {
      const span = spans.get(id);
      spans.delete(id);
      if (status !== undefined) span?.setAttributes({ "http.response.status_code": status });
      if (error instanceof Error) span?.setAttributes({ "error.type": error.name });
      if (status === undefined || status >= 400)
        span?.setStatus({ code: ERROR, ...(error instanceof Error && { message: error.message }) });
      span?.end();
    },
  };
}

/** Prints what a tracer would send. */
const tracer: Tracer = {
  startSpan(name, { attributes }) {
    const span = { ...attributes };
    return {
      setAttributes: (more) => Object.assign(span, more),
      setStatus: ({ code }) => Object.assign(span, { status: code }),
      end: () => console.log(name, span["http.response.status_code"] ?? span["error.type"], span["status"] === ERROR ? "error" : "ok"),
    };
  },
};

const [name = "localhost:5000/example", reference = "latest"] = process.argv.slice(2);
const repository = createRemoteRepository(name, { hooks: tracingHooks(tracer), plainHttp: name.startsWith("127.0.0.1") });
await repository.resolve(reference);
await repository.resolve("no-such-tag").catch(() => console.log("No such tag"));
