"""Completion scripts: thin, so that they never lag behind. They ask ``strata __complete`` for what fits.

It answers with one candidate a line, a tab and its meaning; ``:file`` alone means names of files.
"""

_BASH = r"""# bash completion for strata. Made by `strata completion bash`.
_strata() {
    local cur="${COMP_WORDS[COMP_CWORD]}" line word
    # bash takes NAME:TAG apart; put it together again as the user typed it.
    local -a words=("${COMP_WORDS[@]:1:COMP_CWORD}")
    if declare -F _get_comp_words_by_ref >/dev/null; then
        local cword
        _get_comp_words_by_ref -n := -c cur -w words -i cword 2>/dev/null
        words=("${words[@]:1:cword}")
    fi
    COMPREPLY=()
    while IFS= read -r line; do
        word="${line%%$'\t'*}"
        if [[ $word == ":file" ]]; then
            compopt -o filenames 2>/dev/null
            while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$cur")
        elif [[ $word == "$cur"* ]]; then
            COMPREPLY+=("$word")
        fi
    done < <(strata __complete -- "${words[@]}" 2>/dev/null)
    if declare -F __ltrim_colon_completions >/dev/null; then __ltrim_colon_completions "$cur"; fi
}
complete -F _strata strata
"""

_ZSH = r"""#compdef strata
# zsh completion for strata. Made by `strata completion zsh`.
_strata() {
    local -a candidates
    local line
    for line in "${(@f)$(strata __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
        if [[ $line == ":file" ]]; then
            _files
        elif [[ -n $line ]]; then
            candidates+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
        fi
    done
    (( $#candidates )) && _describe -t strata 'strata' candidates
}
if [[ $funcstack[1] == _strata ]]; then _strata "$@"; else compdef _strata strata; fi
"""

_FISH = r"""# fish completion for strata. Made by `strata completion fish`.
function __strata_complete
    set -l words (commandline -opc) (commandline -ct)
    for line in (strata __complete -- $words[2..-1] 2>/dev/null)
        if test "$line" = ":file"
            __fish_complete_path (commandline -ct)
        else
            echo $line
        end
    end
end
complete -c strata -f -a '(__strata_complete)'
"""

SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}
