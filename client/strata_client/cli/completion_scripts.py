"""Completion scripts: thin, so that they never lag behind. They ask ``strata __complete`` for what fits.

It answers with one candidate a line, a tab and its meaning; ``:file`` alone means names of files.
"""

_BASH = r"""# bash completion for strata. Made by `strata completion bash`.
_strata() {
    # bash takes NAME:TAG apart at the colon: read the words from the line itself.
    local line="${COMP_LINE:0:COMP_POINT}" candidate cur prefix=""
    local -a words
    read -ra words <<< "$line"
    [[ $line == *[[:space:]] ]] && words+=("")
    cur="${words[-1]}"
    # What stands before the last colon or equals sign is a word of its own to bash, and must not be repeated.
    [[ $cur == *[:=]* ]] && prefix="${cur%"${cur##*[:=]}"}"
    COMPREPLY=()
    while IFS= read -r candidate; do
        candidate="${candidate%%$'\t'*}"
        if [[ $candidate == ":file" ]]; then
            compopt -o filenames 2>/dev/null
            while IFS= read -r candidate; do COMPREPLY+=("$candidate"); done < <(compgen -f -- "${cur#"$prefix"}")
        else
            COMPREPLY+=("${candidate#"$prefix"}")
        fi
    done < <(strata __complete -- "${words[@]:1}" 2>/dev/null)
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
