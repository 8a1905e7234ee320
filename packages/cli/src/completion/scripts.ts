/** Shells that completion is made for. */
export const SHELLS = ["bash", "zsh", "fish", "powershell"] as const;

/** One of {@link SHELLS}. */
export type Shell = (typeof SHELLS)[number];

/** What a shell is to read so that it completes `berth`. Each asks `berth __complete WORDS...`, which prints a candidate and a tab before its meaning. */
export const COMPLETION_SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `# bash completion of berth
_berth() {
  local line=\${COMP_LINE:0:COMP_POINT} cur
  local -a words found
  # bash breaks words at colons, of which references are full: words are taken from the line
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  cur=\${words[-1]}
  mapfile -t found < <(berth __complete "\${words[@]:1}" 2>/dev/null | cut -f1)
  local prefix=""
  [[ $cur == *[:=]* ]] && prefix=\${cur%"\${cur##*[:=]}"}
  COMPREPLY=("\${found[@]#"$prefix"}")
  [[ \${#COMPREPLY[@]} == 1 && \${COMPREPLY[0]} == *[/:=] ]] && compopt -o nospace
  local i
  for i in "\${!COMPREPLY[@]}"; do printf -v "COMPREPLY[i]" %q "\${COMPREPLY[i]}"; done
}
complete -o bashdefault -o default -F _berth berth
`,
  zsh: `#compdef berth
_berth() {
  local line value meaning
  local -a open closed open_text closed_text
  for line in "\${(@f)$(berth __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    value=\${line%%$'\\t'*}
    meaning=\${line#*$'\\t'}
    [[ -z $value ]] && continue
    [[ $meaning == $line || -z $meaning ]] && meaning=$value || meaning="$value  -- $meaning"
    if [[ $value == *[/:=] ]]; then open+=("$value"); open_text+=("$meaning"); else closed+=("$value"); closed_text+=("$meaning"); fi
  done
  (( $#closed )) && compadd -l -d closed_text -a closed
  (( $#open )) && compadd -S '' -l -d open_text -a open
  (( $#closed + $#open )) || _files
}
if [[ $funcstack[1] == _berth ]]; then _berth "$@"; else compdef _berth berth; fi
`,
  fish: `# fish completion of berth
function __berth_complete
    set -l words (commandline -opc) (commandline -ct)
    berth __complete $words[2..] 2>/dev/null
end
complete -c berth -a '(__berth_complete)'
`,
  powershell: `# PowerShell completion of berth
Register-ArgumentCompleter -Native -CommandName berth -ScriptBlock {
  param($word, $ast, $position)
  $words = @($ast.CommandElements | Select-Object -Skip 1 | Where-Object { $_.Extent.StartOffset -lt $position } | ForEach-Object { $_.ToString() })
  if ($word -eq '') { $words += '""' }
  & berth __complete @words 2>$null | ForEach-Object {
    $value, $meaning = $_ -split "\`t", 2
    if (-not $meaning) { $meaning = $value }
    [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $meaning)
  }
}
`,
};
