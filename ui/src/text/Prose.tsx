import type { Token, Tokens } from "marked";
import { Fragment, memo, type ReactNode, useMemo } from "react";
import { withoutAnsi } from "./ansi";
import { Code } from "./Code";
import { Marked } from "./Marked";
import { blocks, safeHref } from "./markdown";

/** Markdown as React elements. No HTML is ever parsed: a tag that a model wrote is shown as text. */
export const Prose = memo(function Prose({ text }: { text: string }): ReactNode {
  const tokens = useMemo(() => blocks(withoutAnsi(text)), [text]);
  return <div className="prose">{all(tokens)}</div>;
});

function all(tokens: readonly Token[] | undefined): ReactNode {
  // Tokens have no identity and never reorder within one text: the position is the key.
  // biome-ignore lint/suspicious/noArrayIndexKey: see above.
  return tokens?.map((token, index) => <Fragment key={index}>{one(token)}</Fragment>);
}

const RENDERERS: Record<string, (token: never) => ReactNode> = {
  space: () => null,
  def: () => null,
  hr: () => <hr />,
  br: () => <br />,
  html: (token: Tokens.HTML) => <span className="prose-html">{token.raw}</span>,
  code: (token: Tokens.Code) => <Code text={token.text} language={token.lang ?? ""} />,
  codespan: (token: Tokens.Codespan) => (
    <code>
      <Marked text={token.text} />
    </code>
  ),
  heading: (token: Tokens.Heading) => <p className={`prose-h prose-h${token.depth}`}>{all(token.tokens)}</p>,
  paragraph: (token: Tokens.Paragraph) => <p>{all(token.tokens)}</p>,
  blockquote: (token: Tokens.Blockquote) => <blockquote>{all(token.tokens)}</blockquote>,
  strong: (token: Tokens.Strong) => <strong>{all(token.tokens)}</strong>,
  em: (token: Tokens.Em) => <em>{all(token.tokens)}</em>,
  del: (token: Tokens.Del) => <del>{all(token.tokens)}</del>,
  text: (token: Tokens.Text) => (token.tokens ? all(token.tokens) : <Marked text={token.text} />),
  escape: (token: Tokens.Escape) => token.text,
  list: list,
  table: table,
  link: link,
  image: (token: Tokens.Image) => <span className="prose-image">{`image: ${token.text || token.href}`}</span>,
  math: (token: { text: string }) => <code className="prose-math">{token.text}</code>,
  mathBlock: (token: { text: string }) => <pre className="prose-math">{token.text}</pre>,
};

function one(token: Token): ReactNode {
  const render = RENDERERS[token.type];
  return render ? render(token as never) : token.raw;
}

function list(token: Tokens.List): ReactNode {
  const items = token.items.map((item, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: items of one text never reorder.
    <li key={index}>
      {item.task ? <span className="prose-task">{item.checked ? "☑" : "☐"}</span> : null}
      {all(item.tokens)}
    </li>
  ));
  return token.ordered ? <ol start={Number(token.start) || 1}>{items}</ol> : <ul>{items}</ul>;
}

function cells(row: Tokens.TableCell[], Tag: "th" | "td"): ReactNode {
  // biome-ignore lint/suspicious/noArrayIndexKey: columns of one table never reorder.
  return row.map((cell, index) => <Tag key={index}>{all(cell.tokens)}</Tag>);
}

function table(token: Tokens.Table): ReactNode {
  return (
    <div className="prose-table">
      <table>
        <thead>
          <tr>{cells(token.header, "th")}</tr>
        </thead>
        <tbody>
          {token.rows.map((row, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows of one table never reorder.
            <tr key={index}>{cells(row, "td")}</tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function link(token: Tokens.Link): ReactNode {
  const href = safeHref(token.href);
  if (href === null) return <span title={token.href}>{all(token.tokens)}</span>;
  return (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow">
      {all(token.tokens)}
    </a>
  );
}
