import type { Finding } from './finding.ts';

const MARK = { ok: '✓', warning: '!', problem: '✗' } as const;

/**
 * The findings as a table for people.
 * @param width of a line, in characters. What is to be typed is never broken: it would not survive being copied
 */
export function table(findings: readonly Finding[], width: number): string {
  const checks = Math.max(...findings.map(({ check }) => check.length));
  const indent = ' '.repeat(checks + 4);
  const lines = findings.flatMap(({ check, verdict, message, action }) => {
    const [first = '', ...more] = wrap(message, Math.max(width - indent.length, 30));
    return [
      `${MARK[verdict]} ${check.padEnd(checks)}  ${first}`,
      ...more.map((line) => indent + line),
      ...(verdict !== 'ok' && action !== null ? [`${indent}→ ${action}`] : []),
    ];
  });
  return [...lines, '', summary(findings)].join('\n');
}

function summary(findings: readonly Finding[]): string {
  const count = (wanted: Finding['verdict'], word: string) => {
    const found = findings.filter(({ verdict }) => verdict === wanted).length;
    return found === 0 ? [] : [`${found} ${word}${found === 1 ? '' : 's'}`];
  };
  const problems = count('problem', 'problem');
  const warnings = count('warning', 'warning');
  return problems.length === 0
    ? `${['Nothing is wrong', ...warnings].join(', ')}.`
    : `${[...problems, ...warnings].join(', ')}.`;
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
