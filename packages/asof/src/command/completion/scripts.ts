import type { Candidates, CompletedCommand } from "./model.ts";

export const shells = ["bash", "zsh", "fish"] as const;

export type Shell = (typeof shells)[number];

/** The script that a shell runs to complete `asof`: tables of what the program has, and the walk through them. */
export function completionScript(shell: Shell, commands: readonly CompletedCommand[]): string {
  if (shell === "fish") return fishScript(commands);
  return `${shell === "bash" ? bashHead : zshHead}\n${posixTables(commands)}\n${posixWalk}\n${shell === "bash" ? bashTail : zshTail}`;
}

/** A candidate source as one word: `-`, `files`, `words a b`, `names view`. */
function printCandidates(candidates: Candidates): string {
  if (candidates.kind === "words") return `words ${candidates.words.join(" ")}`;
  return candidates.kind === "names" ? `names ${candidates.of}` : candidates.kind;
}

interface Table {
  readonly name: string;
  readonly rows: readonly (readonly [key: string, value: string])[];
}

/** Key is the path of a command, for values of flags followed by the flag. */
function tablesOf(commands: readonly CompletedCommand[]): readonly Table[] {
  return [
    { name: "commands", rows: commands.map(({ path, commands: inner }) => [path, inner.map((c) => c.name).join(" ")]) },
    { name: "flags", rows: commands.map(({ path, flags }) => [path, flags.flatMap((f) => f.names).join(" ")]) },
    { name: "argument", rows: commands.map(({ path, argument }) => [path, printCandidates(argument)]) },
    {
      name: "value",
      rows: commands.flatMap(({ path, flags }) =>
        flags.flatMap(({ names, value }) =>
          names.flatMap((name): [string, string][] => (value === null ? [] : [[`${path} ${name}`, printCandidates(value)]])),
        ),
      ),
    },
  ];
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function posixTables(commands: readonly CompletedCommand[]): string {
  return tablesOf(commands)
    .map(({ name, rows }) => {
      const cases = rows.filter(([, value]) => value !== "").map(([key, value]) => `    ${quote(key)}) printf '%s\\n' ${quote(value)} ;;`);
      return [`_asof_${name}() {`, `  case "$1" in`, ...cases, "  esac", "}"].join("\n");
    })
    .join("\n");
}

const bashHead = `# Completion of asof for bash. Put this into ~/.bashrc:  source <(asof completion bash)`;

const zshHead = `#compdef asof
# Completion of asof for zsh. Put this into ~/.zshrc, after compinit:  source <(asof completion zsh)`;

/**
 * Goes through the words before the cursor and says what may stand at it, one candidate per line, or the word \`files\` alone behind a tab.
 * In the common part of bash and zsh, where `path` is the search path: words are given as arguments, the last being the one at the cursor.
 */
const posixWalk = `_asof_walk() {
  local route="" expects="" word known
  local globals=()
  while [ $# -gt 1 ]; do
    word="$1"; shift
    if [ -n "$expects" ]; then
      case "$expects" in -c|--chdir|--feature-store-yaml) globals+=("$expects" "$word") ;; esac
      expects=""
      continue
    fi
    case "$word" in
      --*=*) case "$word" in --chdir=*|--feature-store-yaml=*) globals+=("$word") ;; esac ;;
      -*) if [ -n "$(_asof_value "$route $word")" ]; then expects="$word"; fi ;;
      *)
        known=" $(_asof_commands "$route") "
        case "$known" in *" $word "*) route="\${route:+$route }$word" ;; esac
        ;;
    esac
  done
  local current="$1" what=""
  if [ -n "$expects" ]; then what="$(_asof_value "$route $expects")"
  else
    case "$current" in
      --*=*) what="$(_asof_value "$route \${current%%=*}")"; _asof_candidates "$what" "\${current%%=*}=" "\${globals[@]}"; return ;;
      -*) what="words $(_asof_flags "$route")" ;;
      *)
        known="$(_asof_commands "$route")"
        if [ -n "$known" ]; then what="words $known"; else what="$(_asof_argument "$route")"; fi
        ;;
    esac
  fi
  _asof_candidates "$what" "" "\${globals[@]}"
}
_asof_candidates() {
  local what="$1" prefix="$2"; shift 2
  case "$what" in
    words\\ *) printf '%s\\n' "\${what#words }" | tr ' ' '\\n' | sed "s|^|$prefix|" ;;
    names\\ *) asof completion names "\${what#names }" "$@" 2>/dev/null | sed "s|^|$prefix|" ;;
    files) printf '\\t\\n' ;;
  esac
}`;

const bashTail = `_asof_bash() {
  local line="\${COMP_LINE:0:COMP_POINT}" words=() candidate
  read -ra words <<< "$line"
  case "$line" in *' ') words+=("") ;; esac
  local current="\${words[\${#words[@]}-1]}"
  # Bash ends words at : and = where COMP_WORDBREAKS says so: what is before was typed already.
  local typed=""
  case "$current" in *[:=]*) case "$COMP_WORDBREAKS" in *:*) typed="\${current%"\${current##*[:=]}"}" ;; esac ;; esac
  COMPREPLY=()
  while IFS= read -r candidate; do
    if [ "$candidate" = $'\\t' ]; then
      compopt -o default 2>/dev/null
      continue
    fi
    case "$candidate" in "$current"*) COMPREPLY+=("\${candidate#"$typed"}") ;; esac
  done < <(_asof_walk "\${words[@]:1}")
}
complete -F _asof_bash asof
`;

const zshTail = `_asof() {
  local -a candidates
  candidates=("\${(@f)$(_asof_walk "\${(@)words[2,CURRENT]}")}")
  if [[ "\${candidates[1]}" == $'\\t' ]]; then
    _files
    return
  fi
  candidates=("\${(@)candidates:#}")
  (( $#candidates )) && compadd -a candidates
}
compdef _asof asof
`;

/** Fish has a syntax of its own, and shows descriptions. */
function fishScript(commands: readonly CompletedCommand[]): string {
  const tables = tablesOf(commands).map(({ name, rows }) => {
    const cases = rows
      .filter(([, value]) => value !== "")
      .map(([key, value]) => `    case ${quoteFish(key)}\n      printf '%s\\n' ${quoteFish(value)}`);
    return [`function __asof_${name}`, `  switch "$argv[1]"`, ...cases, "  end", "end"].join("\n");
  });
  const described = commands.flatMap(({ path, commands: inner, flags }) => [
    ...inner.map((c): [string, string] => [`${path} ${c.name}`, c.description]),
    ...flags.flatMap((f) => f.names.map((name): [string, string] => [`${path} ${name}`, f.description])),
  ]);
  const descriptions = described.map(
    ([key, text]) => `    case ${quoteFish(key)}\n      printf '%s' ${quoteFish(text.split(/[;:.]/)[0] ?? "")}`,
  );
  const describe = [`function __asof_description`, `  switch "$argv[1]"`, ...descriptions, "  end", "end"].join("\n");
  return [fishHead, ...tables, describe, fishTail].join("\n");
}

function quoteFish(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

const fishHead = "# Completion of asof for fish. Put it into ~/.config/fish/completions/asof.fish:  asof completion fish > that file";

const fishTail = `function __asof_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  set -l path ""
  set -l expects ""
  set -l globals
  for word in $words[2..-1]
    if test -n "$expects"
      contains -- $expects -c --chdir --feature-store-yaml; and set -a globals $expects $word
      set expects ""
      continue
    end
    switch $word
      case '--*=*'
        string match -qr -- '^--(chdir|feature-store-yaml)=' $word; and set -a globals $word
      case '-*'
        test -n "$(__asof_value "$path $word")"; and set expects $word
      case '*'
        if contains -- $word (__asof_commands $path | string split ' ')
          set path (string trim -- "$path $word")
        end
    end
  end
  set -l what ""
  set -l prefix ""
  if test -n "$expects"
    set what (__asof_value "$path $expects")
  else if string match -q -- '--*=*' $current
    set -l flag (string split -m 1 = -- $current)[1]
    set what (__asof_value "$path $flag")
    set prefix "$flag="
  else if string match -q -- '-*' $current
    set what "words $(__asof_flags $path)"
  else
    set -l known (__asof_commands $path)
    if test -n "$known"
      set what "words $known"
    else
      set what (__asof_argument $path)
    end
  end
  switch "$what"
    case 'words *'
      for word in (string split ' ' -- (string replace 'words ' '' -- $what))
        printf '%s\\t%s\\n' $prefix$word (__asof_description "$path $word")
      end
    case 'names *'
      asof completion names (string replace 'names ' '' -- $what) $globals 2>/dev/null | string replace -r '^' -- $prefix
    case files
      __fish_complete_path $current
  end
end
complete -c asof -f -a '(__asof_complete)'
`;
