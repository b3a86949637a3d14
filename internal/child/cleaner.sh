trap '' INT TERM HUP QUIT PIPE
groups= mounts= folders=

# without LIST WORD: the list without the word.
without() {
	kept=
	for word in $1; do
		[ "$word" = "$2" ] || kept="$kept $word"
	done
}

while read -r what which; do
	case $what in
	group) groups="$groups $which" ;;
	over) without "$groups" "$which"; groups=$kept ;;
	mount) mounts="$mounts $which" ;;
	unmounted) without "$mounts" "$which"; mounts=$kept ;;
	folder) folders="$folders $which" ;;
	removed) without "$folders" "$which"; folders=$kept ;;
	esac
done

for group in $groups; do
	kill -s KILL -- "-$group"
done
for dir in $mounts; do
	umount -l "$dir"
done
for dir in $folders; do # a process that is just ending may still write
	rm -rf "$dir" || { sleep 1; rm -rf "$dir"; }
done
